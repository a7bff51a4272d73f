// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One measurement of one rival.
 *
 * @param values what was measured
 * @param curve bytes of the file over time; empty where nobody looked
 */
public record Sample(Map<Metric, Double> values, List<Point> curve) {

  /** How large a file was at a moment after the start. */
  public record Point(double seconds, long bytes) {}

  /** Keeps copies. */
  public Sample {
    values = Map.copyOf(values);
    curve = List.copyOf(curve);
  }

  /** One of a single value. */
  public static Sample of(Metric metric, double value) {
    return new Sample(Map.of(metric, value), List.of());
  }

  /** The same with one more value. */
  public Sample with(Metric metric, double value) {
    Map<Metric, Double> more = new TreeMap<>(values);
    more.put(metric, value);
    return new Sample(more, curve);
  }

  /** The same with a curve. */
  public Sample with(List<Point> points) {
    return new Sample(values, points);
  }
}
