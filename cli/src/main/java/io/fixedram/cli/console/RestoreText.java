// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.transfer.ServingState;
import java.nio.file.Path;

/** What is said of a restore that is over. */
public final class RestoreText {
  private RestoreText() {}

  private static String guestInWords(RestoreReport report) {
    return switch (report.guest()) {
      case "running" -> "the guest runs";
      case "paused" -> "the guest is paused";
      default -> "the guest is in the state '" + report.guest() + "'";
    };
  }

  /**
   * One line.
   *
   * @param paused whether the guest stays paused
   */
  public static String summary(RestoreReport report, Path file, boolean paused) {
    return report
        .serving()
        .map(serving -> summary(report, serving, file, paused))
        .orElseGet(() -> plain(report, file));
  }

  private static String summary(
      RestoreReport report, ServingState serving, Path file, boolean paused) {
    StringBuilder text = new StringBuilder();
    text.append("restored ").append(file).append(" via ").append(report.mode().text());
    text.append(": the guest ").append(paused ? "was ready" : "ran").append(" after ");
    text.append(Amounts.seconds(report.runningSeconds())).append(", ");
    if (serving.residentSeconds().isPresent()) {
      text.append("all of its ").append(Amounts.bytes(report.ramBytes())).append(" RAM, ");
      text.append(Amounts.bytes(report.pageBytes())).append(" data, was there after ");
      text.append(Amounts.seconds(serving.residentSeconds().getAsDouble()));
    } else {
      text.append("and ended before all of its RAM was there");
    }
    text.append("; it waited for ").append(serving.faults()).append(" pages");
    if (serving.faultMedianSeconds().isPresent() && serving.faultP99Seconds().isPresent()) {
      text.append(", median ").append(Amounts.seconds(serving.faultMedianSeconds().getAsDouble()));
      text.append(", 99% below ").append(Amounts.seconds(serving.faultP99Seconds().getAsDouble()));
    }
    if (serving.residentSeconds().isPresent()) {
      text.append("; ").append(guestInWords(report));
    }
    return text.toString();
  }

  private static String plain(RestoreReport report, Path file) {
    return "restored "
        + file
        + " via "
        + report.mode().text()
        + ": "
        + Amounts.bytes(report.ramBytes())
        + " RAM, "
        + Amounts.bytes(report.pageBytes())
        + " data, in "
        + Amounts.seconds(report.seconds())
        + "; "
        + guestInWords(report);
  }
}
