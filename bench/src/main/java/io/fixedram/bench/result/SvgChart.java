// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.bench.result.Svg.Anchor;
import io.fixedram.cli.console.Amounts;
import java.util.List;
import java.util.Optional;

/**
 * Draws a benchmark's result: for each suite, bars with the medians of all rivals and lines from
 * minimum to maximum, and curves of growing files.
 */
public final class SvgChart {
  private static final int WIDTH = 960;
  private static final int MARGIN = 20;
  private static final int NAMES_WIDTH = 330;
  private static final int VALUES_WIDTH = 90;
  private static final int BARS_WIDTH = WIDTH - 2 * MARGIN - NAMES_WIDTH - VALUES_WIDTH;
  private static final int ROW = 20;
  private static final int BAR = 14;
  private static final int GAP = 24;
  private static final int CURVES_HEIGHT = 220;
  private static final String OURS = "#1f77b4";
  private static final String OTHERS = "#b0b0b0";
  private static final String LIMIT = "#2ca02c";
  private static final String INK = "#333333";
  private static final List<String> CURVES =
      List.of("#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b");

  private final Svg svg = new Svg();
  private int y = MARGIN;

  private SvgChart() {}

  /** The SVG file. */
  public static String of(BenchResult result) {
    SvgChart chart = new SvgChart();
    for (SuiteResult suite : result.suites()) {
      chart.suite(suite);
    }
    return chart.svg.document(WIDTH, chart.y);
  }

  private void suite(SuiteResult suite) {
    y += ROW;
    svg.text(MARGIN, y, Anchor.START, true, suite.key() + ": " + suite.metric().title());
    y += ROW / 2;
    bars(suite);
    if (suite.rivals().stream().anyMatch(rival -> !rival.curve().isEmpty())) {
      curves(suite.rivals());
    }
    y += GAP;
  }

  private void bars(SuiteResult suite) {
    double max =
        suite.rivals().stream()
            .flatMap(rival -> rival.statistics(suite.metric()).stream())
            .mapToDouble(Statistics::max)
            .max()
            .orElse(0);
    double scale = max > 0 ? BARS_WIDTH / max : 0;
    int left = MARGIN + NAMES_WIDTH;
    for (RivalResult rival : suite.rivals()) {
      int middle = y + ROW / 2;
      svg.text(left - 8.0, middle + 4.0, Anchor.END, false, rival.name());
      Optional<Statistics> found = rival.statistics(suite.metric());
      if (found.isPresent()) {
        Statistics all = found.get();
        svg.box(left, middle - BAR / 2.0, all.median() * scale, BAR, color(rival.name()));
        double from = left + all.min() * scale;
        double to = left + all.max() * scale;
        svg.line(from, middle, to, middle, INK);
        svg.line(from, middle - 4.0, from, middle + 4.0, INK);
        svg.line(to, middle - 4.0, to, middle + 4.0, INK);
        svg.text(
            WIDTH - MARGIN, middle + 4.0, Anchor.END, false, suite.metric().text(all.median()));
      } else {
        svg.text(left + 4.0, middle + 4.0, Anchor.START, false, "failed");
      }
      y += ROW;
    }
  }

  private static String color(String name) {
    if (name.contains("fixedram") || name.startsWith("engine")) {
      return OURS;
    }
    return name.startsWith("disk's limit") ? LIMIT : OTHERS;
  }

  private void curves(List<RivalResult> rivals) {
    double seconds = 0;
    double bytes = 0;
    for (RivalResult rival : rivals) {
      for (Sample.Point point : rival.curve()) {
        seconds = Math.max(seconds, point.seconds());
        bytes = Math.max(bytes, (double) point.bytes());
      }
    }
    int left = MARGIN + NAMES_WIDTH;
    int top = y + ROW;
    int bottom = top + CURVES_HEIGHT;
    svg.line(left, top, left, bottom, INK);
    svg.line(left, bottom, left + BARS_WIDTH, bottom, INK);
    svg.text(left - 8.0, top + 4.0, Anchor.END, false, Amounts.bytes((long) bytes));
    svg.text(
        left + BARS_WIDTH, bottom + 16.0, Anchor.END, false, "after " + Amounts.seconds(seconds));
    int number = 0;
    for (RivalResult rival : rivals) {
      if (!rival.curve().isEmpty()) {
        String color = CURVES.get(number % CURVES.size());
        double across = seconds > 0 ? BARS_WIDTH / seconds : 0;
        double up = bytes > 0 ? CURVES_HEIGHT / bytes : 0;
        svg.polyline(
            rival.curve().stream()
                .map(point ->
                    new Svg.Corner(
                        left + point.seconds() * across, bottom - (double) point.bytes() * up))
                .toList(),
            color);
        double at = top + 20.0 + number * (double) ROW;
        svg.box(MARGIN, at - 9, 12, 10, color);
        svg.text(MARGIN + 18.0, at, Anchor.START, false, rival.name());
        number++;
      }
    }
    y = bottom + ROW;
  }
}
