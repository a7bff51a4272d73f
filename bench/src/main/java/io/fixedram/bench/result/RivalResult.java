// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * Result of one rival.
 *
 * @param name name of the rival
 * @param samples one sample for each successful round
 * @param failure the failure that ended its participation
 */
public record RivalResult(String name, List<Sample> samples, Optional<String> failure) {

  /** Copies the samples. */
  public RivalResult {
    samples = List.copyOf(samples);
  }

  /** Statistics of a metric; empty if there are no measurements. */
  Optional<Statistics> statistics(Metric metric) {
    List<Double> values = values(metric);
    return values.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(values));
  }

  /** The measured values of a metric, in the order of the rounds. */
  List<Double> values(Metric metric) {
    return samples.stream()
        .map(Sample::values)
        .filter(each -> each.containsKey(metric))
        .map(each -> each.get(metric))
        .toList();
  }

  /** The curve of the last sample; empty if there is none. */
  public List<Sample.Point> curve() {
    return samples.isEmpty() ? List.of() : samples.getLast().curve();
  }
}
