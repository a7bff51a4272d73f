// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.save.MemoryPasses.Pass;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DowntimePredictionTest {
  private static final long GIB = 1L << 30;

  private static double seconds(Pass sample, int guestProcessors, long aside) {
    return seconds(Duration.ofMillis(5), sample, guestProcessors, aside);
  }

  private static double seconds(Duration checks, Pass sample, int guestProcessors, long aside) {
    return DowntimePrediction.of(checks, sample, 1, guestProcessors, aside, 1e9).toNanos() / 1e9;
  }

  /** A 16th of 1 GiB, read at 4 GiB/s by a processor of our own. */
  private static Pass sample(long changedBytes, long elapsedMillis) {
    return new Pass(
        GIB,
        GIB / 16,
        changedBytes,
        Duration.ofMillis(2),
        Duration.ofMillis(elapsedMillis),
        Duration.ofMillis(16));
  }

  @Test
  void readsAllThatMayHaveContent() {
    assertThat(seconds(sample(0, 16), 1, GIB)).isBetween(0.256, 0.290);
  }

  /** Checks that are slow before the stop are slow in it. */
  @Test
  void checksTakeAsLongAsBefore() {
    assertThat(seconds(Duration.ofMillis(100), sample(0, 16), 1, GIB)).isBetween(0.646, 0.680);
  }

  @Test
  void theGuestsProcessorsAreFreeThen() {
    // Two wanted the one there was, of which one is the guest's.
    assertThat(seconds(sample(0, 32), 1, GIB)).isBetween(0.256, 0.290);
    // Three others take it too, and will.
    assertThat(seconds(sample(0, 80), 1, GIB)).isBetween(0.640, 0.680);
  }

  @Test
  void whatChangedIsCopied() {
    double copied = seconds(sample(GIB / 16, 16), 1, 2 * GIB);
    assertThat(copied).isBetween(0.4, 0.7);
    // At 1 GB/s where there is no room.
    assertThat(seconds(sample(GIB / 16, 16), 1, GIB / 2) - copied).isBetween(0.53, 0.54);
    assertThat(seconds(sample(GIB / 16, 16), 1, 0) - copied).isBetween(1.07, 1.08);
  }

  @Test
  void beforeAnythingWasRead() {
    assertThat(DowntimePrediction.of(0, 2)).isLessThan(Duration.ofMillis(50));
    assertThat(DowntimePrediction.of(GIB, 1))
        .isBetween(Duration.ofMillis(300), Duration.ofMillis(600));
    assertThat(DowntimePrediction.of(8 * GIB, 1).minus(DowntimePrediction.of(4 * GIB, 1)))
        .isBetween(Duration.ofMillis(1200), Duration.ofMillis(2400));
  }
}
