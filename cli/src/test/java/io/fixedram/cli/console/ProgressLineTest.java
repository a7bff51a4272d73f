// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.transfer.ServingState;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A transfer in one line. */
class ProgressLineTest {
  private static final long MIB = 1L << 20;

  private static final ProgressState LIVE =
      new ProgressState(
          "saving live", 236 * MIB, 512 * MIB, 1400 * MIB, OptionalLong.of(12), 2, 3141);

  @Test
  void barAndFactsFillTheLine() {
    assertThat(ProgressLine.bar(LIVE, 110, true))
        .isEqualTo(
            "saving live █████████████░░░░░░░░░░░░░░░░░  46%  236/512 MiB  1.37 GiB/s  0:12 left"
                + "  pass 2  dirty 3.14k/s");
    assertThat(ProgressLine.bar(LIVE, 80, false))
        .isEqualTo("saving live #######.........  46%  236/512 MiB  1.37 GiB/s  0:12 left  pass 2");
  }

  @Test
  void narrowTerminalsLoseTheLessTellingFacts() {
    assertThat(ProgressLine.bar(LIVE, 50, false))
        .isEqualTo("saving live #######..........  46%  236/512 MiB");
    assertThat(ProgressLine.bar(LIVE, 30, false)).isEqualTo("saving live ####......  46%");
    assertThat(ProgressLine.bar(LIVE, 20, false)).isEqualTo("saving live 46%");
  }

  @Test
  void withoutAKnownAmountOfRamThereIsNoBar() {
    ProgressState unknown = new ProgressState("loading", 0, 0, 0, OptionalLong.empty(), 0, 0);
    assertThat(ProgressLine.bar(unknown, 80, true)).isEqualTo("loading");
    assertThat(ProgressLine.plain(unknown)).isEqualTo("loading");
  }

  @Test
  void logLineIsInWords() {
    assertThat(ProgressLine.plain(LIVE))
        .isEqualTo(
            "saving live: 46%, 236 MiB of 512 MiB, 1.37 GiB/s, 0:12 left, pass 2,"
                + " the guest writes to 3.14k pages/s");
  }

  @Test
  void howAGuestIsServed() {
    ServingState serving =
        new ServingState(
            OptionalDouble.of(0.0123),
            OptionalDouble.empty(),
            210,
            OptionalDouble.of(0.000031),
            OptionalDouble.of(0.0021),
            0.02);
    ProgressState state =
        new ProgressState(
            "serving pages",
            236 * MIB,
            512 * MIB,
            0,
            OptionalLong.empty(),
            0,
            0,
            Optional.of(serving));
    assertThat(ProgressLine.plain(state))
        .isEqualTo(
            "serving pages: 46%, running after 12 ms, 210 faults, median 31 us, 99% below 2.1 ms,"
                + " 236 MiB of 512 MiB");
    assertThat(ProgressLine.bar(state, 80, false))
        .isEqualTo("serving pages #############.................  46%  running after 12 ms");
  }

  @Test
  void hundredPercentOnlyWhenAllIsDone() {
    ProgressState almost =
        new ProgressState("saving", 1000 * MIB - 1, 1000 * MIB, 0, OptionalLong.empty(), 1, 0);
    assertThat(ProgressLine.bar(almost, 80, false)).contains(" 99%");
    ProgressState more =
        new ProgressState("saving", 1001 * MIB, 1000 * MIB, 0, OptionalLong.empty(), 1, 0);
    assertThat(ProgressLine.bar(more, 80, false)).contains("# 100%  1000/1000 MiB");
  }

  @Test
  void noLineEverWraps() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      long ram = random.nextLong(1L << random.nextInt(1, 47));
      ProgressState state =
          new ProgressState(
              "waiting for QEMU",
              random.nextLong(2 * ram + 1),
              ram,
              random.nextLong(1L << random.nextInt(1, 40)),
              random.nextBoolean()
                  ? OptionalLong.of(random.nextLong(1_000_000))
                  : OptionalLong.empty(),
              random.nextInt(1000),
              random.nextInt());
      int columns = random.nextInt(20, 200);
      String line = ProgressLine.bar(state, columns, random.nextBoolean());
      assertThat(line.length())
          .as("seed %d: %s: %s", seed, state, line)
          .isLessThanOrEqualTo(columns - "^C".length() - 1);
      assertThat(line).doesNotContain("\n");
    }
  }
}
