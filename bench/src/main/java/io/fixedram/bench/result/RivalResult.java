// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * What became of one rival.
 *
 * @param name what it is called
 * @param samples one for each round that it got through
 * @param failure why it took part in no more rounds
 */
public record RivalResult(String name, List<Sample> samples, Optional<String> failure) {

  /** Keeps a copy. */
  public RivalResult {
    samples = List.copyOf(samples);
  }

  /** What its measurements of a metric come to, if it has any. */
  public Optional<Statistics> statistics(Metric metric) {
    List<Double> values =
        samples.stream()
            .map(Sample::values)
            .filter(each -> each.containsKey(metric))
            .map(each -> each.get(metric))
            .toList();
    return values.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(values));
  }

  /** The last curve, empty if it has none. */
  public List<Sample.Point> curve() {
    return samples.isEmpty() ? List.of() : samples.getLast().curve();
  }
}
