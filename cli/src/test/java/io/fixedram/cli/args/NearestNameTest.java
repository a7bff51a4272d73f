// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Slips of the hand are seen through, other words are not. */
class NearestNameTest {
  private static final List<String> NAMES = List.of("save", "restore", "receive", "send", "info");

  @Test
  void slips() {
    assertThat(NearestName.of("svae", NAMES)).contains("save");
    assertThat(NearestName.of("saev", NAMES)).contains("save");
    assertThat(NearestName.of("recieve", NAMES)).contains("receive");
    assertThat(NearestName.of("resto", NAMES)).contains("restore");
    assertThat(NearestName.of("Info", NAMES)).contains("info");
  }

  @Test
  void otherWords() {
    assertThat(NearestName.of("", NAMES)).isEmpty();
    assertThat(NearestName.of("x", NAMES)).isEmpty();
    assertThat(NearestName.of("ls", NAMES)).isEmpty();
    assertThat(NearestName.of("migrate", NAMES)).isEmpty();
  }
}
