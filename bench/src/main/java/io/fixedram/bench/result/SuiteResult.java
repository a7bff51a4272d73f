// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * What a suite measured.
 *
 * @param key its name on the command line
 * @param title what was compared, a sentence
 * @param metrics what is shown; the first is compared
 * @param reference name of the rival that the others are compared with
 * @param rivals all of them, in their order
 * @param notes what one has to know to read it, sentences
 */
public record SuiteResult(
    String key,
    String title,
    List<Metric> metrics,
    Optional<String> reference,
    List<RivalResult> rivals,
    List<String> notes) {

  /** Keeps copies. */
  public SuiteResult {
    metrics = List.copyOf(metrics);
    rivals = List.copyOf(rivals);
    notes = List.copyOf(notes);
  }

  /** A suite that could not even begin. */
  public static SuiteResult notRun(String key, String title, String why) {
    return new SuiteResult(
        key,
        title,
        List.of(Metric.SECONDS),
        Optional.empty(),
        List.of(),
        List.of("not run: " + why));
  }

  /** What is compared. */
  public Metric metric() {
    return metrics.getFirst();
  }

  /** A rival's median of what is compared, if it has one. */
  public Optional<Double> median(String rival) {
    return median(rival, metric());
  }

  /** A rival's median of a metric, if it has one. */
  public Optional<Double> median(String rival, Metric metric) {
    return rivals.stream()
        .filter(each -> each.name().equals(rival))
        .findFirst()
        .flatMap(each -> each.statistics(metric))
        .map(Statistics::median);
  }

  /** How many times the reference's median a rival's is, if both have one. */
  public Optional<Double> ratio(String rival) {
    return reference
        .flatMap(this::median)
        .flatMap(base -> median(rival).map(value -> value / base));
  }
}
