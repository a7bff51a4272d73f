// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.transfer.TransferView;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Rates and what is left. */
class ProgressMeterTest {
  private static final long SECOND = 1_000_000_000L;

  private final Numbers numbers = new Numbers();
  private final ProgressMeter meter = new ProgressMeter(numbers);

  /** A transfer that stands where the test puts it. */
  private static final class Numbers implements TransferView {
    private long done;
    private long transferred;

    @Override
    public long ramBytes() {
      return 1000;
    }

    @Override
    public long doneBytes() {
      return done;
    }

    @Override
    public long dataBytes() {
      return transferred;
    }

    @Override
    public long transferredBytes() {
      return transferred;
    }

    @Override
    public long passes() {
      return 1;
    }

    @Override
    public long dirtyPagesPerSecond() {
      return 0;
    }

    @Override
    public String phase() {
      return "saving";
    }
  }

  private ProgressState at(double seconds, long done, long transferred) {
    numbers.done = done;
    numbers.transferred = transferred;
    return meter.read((long) (seconds * SECOND));
  }

  @Test
  void nothingIsKnownAtFirst() {
    ProgressState state = at(0, 0, 0);
    assertThat(state.bytesPerSecond()).isZero();
    assertThat(state.secondsLeft()).isEmpty();
  }

  @Test
  void ratesAreMeansOverThreeSeconds() {
    at(0, 0, 0);
    assertThat(at(1, 100, 100).bytesPerSecond()).isEqualTo(100);
    assertThat(at(2, 200, 200).secondsLeft()).isEqualTo(OptionalLong.of(8));
    at(3, 300, 300);
    at(4, 300, 300);
    at(5, 300, 300);
    ProgressState stalled = at(6.5, 300, 300);
    assertThat(stalled.bytesPerSecond()).isZero();
    assertThat(stalled.secondsLeft()).isEmpty();
  }

  @Test
  void anotherPassStartsAnew() {
    at(0, 0, 0);
    at(1, 900, 900);
    at(1.1, 200, 950);
    ProgressState state = at(2.1, 600, 1350);
    assertThat(state.bytesPerSecond()).isEqualTo(400);
    assertThat(state.secondsLeft()).isEqualTo(OptionalLong.of(1));
  }

  @Test
  void nothingIsLeftWhenAllIsDone() {
    at(0, 0, 0);
    assertThat(at(1, 1000, 1000).secondsLeft()).isEmpty();
  }
}
