// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * Result of a suite.
 *
 * @param key name of the suite on the command line
 * @param title description of the comparison
 * @param metrics metrics to show; the first is compared
 * @param reference name of the rival that the others are compared with
 * @param rivals results of all rivals, in order
 * @param notes sentences that explain the results
 */
public record SuiteResult(
    String key,
    String title,
    List<Metric> metrics,
    Optional<String> reference,
    List<RivalResult> rivals,
    List<String> notes) {

  /** Copies the lists. */
  public SuiteResult {
    metrics = List.copyOf(metrics);
    rivals = List.copyOf(rivals);
    notes = List.copyOf(notes);
  }

  /** Result of a suite that could not begin. */
  public static SuiteResult notRun(String key, String title, String why) {
    return new SuiteResult(
        key,
        title,
        List.of(Metric.SECONDS),
        Optional.empty(),
        List.of(),
        List.of("not run: " + why));
  }

  /** The metric that is compared. */
  public Metric metric() {
    return metrics.getFirst();
  }

  /** A rival's median of the compared metric; empty if it has no measurements. */
  public Optional<Double> median(String rival) {
    return median(rival, metric());
  }

  /** A rival's median of a metric; empty if it has no measurements. */
  public Optional<Double> median(String rival, Metric metric) {
    return rivals.stream()
        .filter(each -> each.name().equals(rival))
        .findFirst()
        .flatMap(each -> each.statistics(metric))
        .map(Statistics::median);
  }

  /** Ratio of a rival's median to that of the reference; empty if one of them has none. */
  Optional<Double> ratio(String rival) {
    return reference
        .flatMap(this::median)
        .flatMap(base -> median(rival).map(value -> value / base));
  }
}
