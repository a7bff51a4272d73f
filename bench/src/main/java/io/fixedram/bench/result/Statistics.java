// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Collection;

/**
 * Statistics of measurements.
 *
 * @param median median; the mean of the middle two of an even number
 * @param min minimum
 * @param max maximum
 * @param lower lower quartile, interpolated between measurements
 * @param upper upper quartile
 */
public record Statistics(double median, double min, double max, double lower, double upper) {

  /** Statistics of at least one value. */
  public static Statistics of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no values");
    }
    return new Statistics(
        quantile(sorted, 0.5),
        sorted[0],
        sorted[sorted.length - 1],
        quantile(sorted, 0.25),
        quantile(sorted, 0.75));
  }

  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
