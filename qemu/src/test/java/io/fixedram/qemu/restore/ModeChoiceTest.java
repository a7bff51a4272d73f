// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.LazyObstacle;
import org.junit.jupiter.api.Test;

/** Why a mode was taken, and what can be done to have a faster one. */
class ModeChoiceTest {
  @Test
  void remediesThatAreModesAreLeftOut() {
    LazyObstacle notLazy = new LazyObstacle.SequentialSave("b");
    InstantObstacle notInstant = new InstantObstacle.QemuRunsAlready();
    ModeChoice choice =
        ModeChoice.of(RestoreMode.NATIVE, "a")
            .insteadOf(RestoreMode.LAZY, notLazy)
            .insteadOf(RestoreMode.INSTANT, notInstant);
    assertThat(choice.mode()).isEqualTo(RestoreMode.NATIVE);
    assertThat(choice.why())
        .isEqualTo(
            Reason.of(
                "a (not lazy: b is a stream, whose pages have no fixed places) (not instant: a save"
                    + " is mapped when QEMU starts, and this QEMU runs already)",
                Remedy.CONVERT_TO_MAPPED_RAM,
                Remedy.HAVE_QEMU_STARTED));
    assertThat(choice.obstacles()).containsExactly(notInstant, notLazy);
  }
}
