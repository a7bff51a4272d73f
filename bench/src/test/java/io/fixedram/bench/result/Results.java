// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Made-up results. */
final class Results {
  private Results() {}

  static RivalResult rival(String name, Metric metric, double... values) {
    return new RivalResult(
        name,
        Arrays.stream(values).mapToObj(value -> Sample.of(metric, value)).toList(),
        Optional.empty());
  }

  static RivalResult timed(String name, double... seconds) {
    return rival(name, Metric.SECONDS, seconds);
  }

  static RivalResult failed(String name, String why) {
    return new RivalResult(name, List.of(), Optional.of(why));
  }

  static SuiteResult suite(String key, String reference, RivalResult... rivals) {
    return new SuiteResult(
        key,
        "title of " + key,
        List.of(Metric.SECONDS, Metric.PEAK_MIB),
        Optional.of(reference),
        List.of(rivals),
        List.of("a note"));
  }

  static BenchResult of(SuiteResult... suites) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", "2026-01-01T00:00:00Z");
    facts.put("file system", "ext4");
    return BenchResult.of(new HostFacts(facts), List.of(suites));
  }

  /** One with a rival that failed, one whose name is no XML, and a curve. */
  static BenchResult mixed() {
    RivalResult growing =
        new RivalResult(
            "grows & <grows>",
            List.of(
                Sample.of(Metric.SECONDS, 2)
                    .with(Metric.PEAK_MIB, 100)
                    .with(List.of(new Sample.Point(0, 0), new Sample.Point(1, 1 << 20)))),
            Optional.empty());
    return of(
        suite(
            "save",
            "base",
            timed("base", 1, 3, 2),
            timed("other", 4, 4),
            failed("broken", "no direct-io here")),
        suite("growth", "grows & <grows>", growing));
  }
}
