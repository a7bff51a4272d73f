// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testing.Rounds;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Quantiles out of a histogram, against sorted times. */
class FaultTimesTest {

  @Test
  void noneWithoutFaults() {
    assertThat(new FaultTimes().quantile(0.5)).isEmpty();
    assertThat(new FaultTimes().total()).isEqualTo(Duration.ZERO);
  }

  @Test
  void toAnEighth() {
    Rounds.run(
        200,
        random -> {
          long[] nanos = new long[1 + random.nextInt(500)];
          FaultTimes times = new FaultTimes();
          for (int i = 0; i < nanos.length; i++) {
            nanos[i] = random.nextLong(1L << random.nextInt(1, 50));
            times.add(nanos[i]);
          }
          Arrays.sort(nanos);
          assertThat(times.count()).isEqualTo(nanos.length);
          assertThat(times.total()).isEqualTo(Duration.ofNanos(Arrays.stream(nanos).sum()));
          for (double share : new double[] {0.5, 0.99, 1}) {
            long exact = nanos[(int) Math.ceil(share * nanos.length) - 1];
            assertThat(times.quantile(share).orElseThrow().toNanos())
                .isBetween(exact, exact + exact / 8);
          }
        });
  }
}
