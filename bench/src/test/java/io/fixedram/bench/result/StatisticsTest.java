// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What many measurements come to. */
class StatisticsTest {
  @Test
  void ofAnOddNumber() {
    assertThat(Statistics.of(List.of(3.0, 1.0, 100.0)))
        .isEqualTo(new Statistics(3, 1, 100, 2, 51.5));
  }

  @Test
  void ofAnEvenNumber() {
    assertThat(Statistics.of(List.of(4.0, 1.0, 2.0, 100.0)))
        .isEqualTo(new Statistics(3, 1, 100, 1.75, 28));
  }

  @Test
  void ofOne() {
    assertThat(Statistics.of(List.of(7.0))).isEqualTo(new Statistics(7, 7, 7, 7, 7));
  }

  @Test
  void ofNoneThereIsNone() {
    assertThatThrownBy(() -> Statistics.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    assertThat(Results.failed("broken", "why").statistics(Metric.SECONDS)).isEmpty();
    assertThat(Results.timed("other", 1).statistics(Metric.PEAK_MIB)).isEmpty();
  }

  @Test
  void ratiosAreOfMedians() {
    SuiteResult suite = Results.mixed().suites().getFirst();
    assertThat(suite.ratio("base")).contains(1.0);
    assertThat(suite.ratio("other")).contains(2.0);
    assertThat(suite.ratio("broken")).isEmpty();
    assertThat(suite.ratio("nobody")).isEmpty();
  }
}
