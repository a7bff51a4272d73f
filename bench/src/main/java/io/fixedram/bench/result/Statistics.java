// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Arrays;
import java.util.Collection;

/**
 * Statistics of measurements.
 *
 * @param count number of measurements, at least one
 * @param median median; the mean of the middle two of an even number
 * @param least minimum
 * @param most maximum
 */
public record Statistics(int count, double median, double least, double most) {

  /** Statistics of at least one value. */
  public static Statistics of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no values");
    }
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Statistics(
        sorted.length, median, sorted[0], Arrays.stream(sorted).max().orElseThrow());
  }
}
