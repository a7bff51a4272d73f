// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.cli.console.Printable;
import io.fixedram.cli.console.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Formats a benchmark's result as text: a table for each suite, then the targets. */
public final class ResultText {
  private static final String INDENT = "  ";
  private static final String NOTHING = "-";
  private static final String MISSED = "MISSED";

  private ResultText() {}

  /** The whole text. */
  public static String of(BenchResult result) {
    StringBuilder out = new StringBuilder();
    for (Map.Entry<String, String> fact : result.host().facts().entrySet()) {
      out.append(Printable.line(fact.getKey() + ": " + fact.getValue())).append('\n');
    }
    for (SuiteResult suite : result.suites()) {
      out.append('\n').append(suite(suite));
    }
    return out.append('\n').append(targets(result.targets())).toString();
  }

  private static String suite(SuiteResult suite) {
    StringBuilder out = new StringBuilder();
    out.append(suite.key()).append(": ").append(suite.title()).append('\n');
    if (!suite.rivals().isEmpty()) {
      out.append(table(suite).text(INDENT));
    }
    for (RivalResult rival : suite.rivals()) {
      rival
          .failure()
          .ifPresent(why ->
              out.append(INDENT)
                  .append(Printable.line(rival.name() + " failed: " + why))
                  .append('\n'));
    }
    for (String note : suite.notes()) {
      out.append(INDENT).append(Printable.line(note)).append('\n');
    }
    return out.toString();
  }

  private static Table table(SuiteResult suite) {
    Table table = new Table();
    List<String> head = new ArrayList<>(List.of("", suite.metric().title(), "min", "max"));
    suite.reference().ifPresent(_ -> head.add("ratio"));
    List<Metric> others = suite.metrics().subList(1, suite.metrics().size());
    others.forEach(metric -> head.add(metric.title()));
    table.row(head.toArray(String[]::new));
    for (RivalResult rival : suite.rivals()) {
      List<String> row = new ArrayList<>(List.of(rival.name()));
      Optional<Statistics> main = rival.statistics(suite.metric());
      row.add(cell(suite.metric(), main.map(Statistics::median)));
      row.add(cell(suite.metric(), main.map(Statistics::min)));
      row.add(cell(suite.metric(), main.map(Statistics::max)));
      if (suite.reference().isPresent()) {
        row.add(
            suite
                .ratio(rival.name())
                .map(ratio -> String.format(Locale.ROOT, "%.2f", ratio))
                .orElse(NOTHING));
      }
      for (Metric metric : others) {
        row.add(cell(metric, rival.statistics(metric).map(Statistics::median)));
      }
      table.row(row.toArray(String[]::new));
    }
    return table;
  }

  private static String cell(Metric metric, Optional<Double> value) {
    return value.map(metric::text).orElse(NOTHING);
  }

  private static String targets(List<Target> targets) {
    StringBuilder out = new StringBuilder("targets:\n");
    for (Target target : targets) {
      String verdict =
          target.failure().isPresent()
              ? MISSED
              : target
                  .measured()
                  .map(measured -> verdict(measured.verdict()))
                  .orElse("not measured");
      out.append(INDENT).append(String.format(Locale.ROOT, "%-13s", verdict)).append(target.name());
      target.measured().ifPresent(measured -> out.append(": ").append(text(measured)));
      target.failure().ifPresent(why -> out.append(": ").append(Printable.line(why)));
      out.append('\n');
    }
    return out.toString();
  }

  private static String verdict(Target.Verdict verdict) {
    return switch (verdict) {
      case MET -> "met";
      case MISSED -> MISSED;
      case UNDECIDED -> "undecided";
    };
  }

  private static String text(Target.Measured measured) {
    return measured.verdict() == Target.Verdict.MET
        ? measured.text()
        : measured.text()
            + String.format(Locale.ROOT, ", %.2f of what is wanted", measured.ofWanted());
  }
}
