// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import org.junit.jupiter.api.Test;

/** Why a mode was taken, and what can be done to have a faster one. */
class ModeChoiceTest {
  @Test
  void remediesThatAreModesAreLeftOut() {
    ModeChoice choice =
        ModeChoice.of(RestoreMode.NATIVE, "a")
            .insteadOf(
                RestoreMode.LAZY,
                Reason.of("b", Remedy.CONVERT_TO_MAPPED_RAM, Remedy.RESTORE_BY_STREAM))
            .insteadOf(
                RestoreMode.INSTANT,
                Reason.of(
                    "c",
                    Remedy.RESTORE_LAZILY,
                    Remedy.HAVE_QEMU_STARTED,
                    Remedy.CONVERT_TO_MAPPED_RAM));
    assertThat(choice.mode()).isEqualTo(RestoreMode.NATIVE);
    assertThat(choice.why())
        .isEqualTo(
            Reason.of(
                "a (not lazy: b) (not instant: c)",
                Remedy.CONVERT_TO_MAPPED_RAM,
                Remedy.HAVE_QEMU_STARTED));
  }
}
