// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.Reason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CleanupWarningsTest {
  private static final String FAILED = "cleanup after the restore failed: ";

  private final List<String> warnings = new ArrayList<>();
  private final CleanupWarnings cleanup =
      new CleanupWarnings(
          new RestoreListener() {
            @Override
            public void warning(Reason reason) {
              warnings.add(reason.sentence());
            }
          });

  @Test
  void whateverFailsIsAWarning() {
    cleanup.attempt(() -> {
      throw new IllegalStateException("made up");
    });
    cleanup.attempt(() -> {
      throw new OutOfMemoryError("made up too");
    });
    assertThat(warnings)
        .containsExactly(
            FAILED + "java.lang.IllegalStateException: made up",
            FAILED + "java.lang.OutOfMemoryError: made up too");
  }

  @Test
  void whatWorksIsNotTold() {
    List<String> done = new ArrayList<>();
    cleanup.attempt(() -> done.add("it"));
    assertThat(done).containsExactly("it");
    assertThat(warnings).isEmpty();
  }
}
