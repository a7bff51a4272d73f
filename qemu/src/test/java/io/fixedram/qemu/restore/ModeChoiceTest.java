// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.NativeObstacle;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Why a mode was taken, and what can be done to have a faster one. */
class ModeChoiceTest {
  private static <T> Supplier<Optional<T>> obstacle(String possible, T no) {
    return switch (possible) {
      case "yes" -> Optional::empty;
      case "no" -> () -> Optional.of(no);
      default ->
          () -> {
            throw new AssertionError("there was no need to look");
          };
    };
  }

  /** The table in docs/restore.md, for a QEMU that waits without a mapping. */
  @ParameterizedTest
  @CsvSource({
    "true,  ?,   yes, ?,   MEMORY, ''",
    "true,  yes, no,  ?,   LAZY,   ' memory'",
    "true,  no,  no,  yes, NATIVE, ' memory lazy'",
    "true,  no,  no,  no,  STREAM, ' memory lazy'",
    "false, yes, ?,   ?,   LAZY,   ''",
    "false, no,  yes, ?,   MEMORY, ' lazy'",
    "false, no,  no,  yes, NATIVE, ' memory lazy'",
    "false, no,  no,  no,  STREAM, ' memory lazy'",
  })
  void bestMode(
      boolean soon, String lazy, String memory, String own, RestoreMode taken, String instead) {
    ModeObstacles obstacles =
        new ModeObstacles(
            obstacle(lazy, new LazyObstacle.StateForgotten("f", "s")),
            obstacle(memory, new MemoryObstacle.OtherFailure(new FixedRamException("no"))),
            obstacle(own, new NativeObstacle.LoaderDevice()),
            "QEMU 10.0");
    ModeChoice choice =
        ModeChoice.best(soon, Optional.of(new InstantObstacle.QemuRunsAlready()), obstacles);
    assertThat(choice.mode()).isEqualTo(taken);
    String why = choice.why().sentence();
    assertThat(why.contains("(not memory: no)")).isEqualTo(instead.contains("memory"));
    assertThat(why.contains("(not lazy: f holds")).isEqualTo(instead.contains("lazy"));
    assertThat(why.contains("(not instant: ")).isEqualTo(!soon || taken != RestoreMode.MEMORY);
    assertThat(choice.obstacles())
        .hasSize(
            (int) Pattern.compile("\\(not ").matcher(why).results().count()
                + (taken == RestoreMode.STREAM ? 1 : 0));
    assertThat(choice.why().remedies())
        .doesNotContain(Remedy.RESTORE_IN_PLACE, Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
  }

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
