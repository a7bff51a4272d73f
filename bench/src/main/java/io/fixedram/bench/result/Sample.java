// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One measurement of one rival.
 *
 * @param values measured values by metric
 * @param curve size of the file over time; empty if not sampled
 */
public record Sample(Map<Metric, Double> values, List<Point> curve) {

  /** Size of a file at a time after the start. */
  public record Point(double seconds, long bytes) {}

  /** Copies the collections. */
  public Sample {
    values = Map.copyOf(values);
    curve = List.copyOf(curve);
  }

  /** A sample with one value. */
  public static Sample of(Metric metric, double value) {
    return new Sample(Map.of(metric, value), List.of());
  }

  /** A copy with one more value. */
  public Sample with(Metric metric, double value) {
    Map<Metric, Double> more = new TreeMap<>(values);
    more.put(metric, value);
    return new Sample(more, curve);
  }

  /** A copy with a curve. */
  public Sample with(List<Point> points) {
    return new Sample(values, points);
  }
}
