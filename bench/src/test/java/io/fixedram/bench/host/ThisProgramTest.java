// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import org.junit.jupiter.api.Test;

class ThisProgramTest {
  private static final String MAIN = "io.fixedram.cli/io.fixedram.cli.Main";

  @Test
  void isStartedByTheWordsBeforeItsCommandWithoutThisModule() {
    assertThat(
            ThisProgram.words(
                "/lib", "/jdk/bin/java", "-Xmx96m", "-p", "/lib:/bench", "-m", MAIN, "bench"))
        .containsExactly("/jdk/bin/java", "-Xmx96m", "-p", "/lib", "-m", MAIN);
  }

  @Test
  void otherWordsAreRefused() {
    assertThatThrownBy(() -> ThisProgram.words("/lib", "java", "-jar", "booter.jar"))
        .isInstanceOf(FixedRamException.class);
  }
}
