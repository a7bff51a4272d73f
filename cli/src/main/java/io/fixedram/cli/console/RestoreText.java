// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.transfer.ServingState;
import java.nio.file.Path;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/**
 * The result of a restore in words and JSON.
 *
 * @param file the save
 * @param paused whether the guest was to stay paused
 */
public record RestoreText(Path file, boolean paused) {
  /** A line for people. */
  public String summary(RestoreReport report) {
    return report.serving().map(serving -> summary(report, serving)).orElseGet(() -> plain(report))
        + report.overlays().stream()
            .map(each -> "; its disk is " + each.overlay() + " over " + each.image())
            .collect(Collectors.joining())
        + (report.verified() ? "" : "; not verified");
  }

  private String summary(RestoreReport report, ServingState serving) {
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

  private String plain(RestoreReport report) {
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

  private static String guestInWords(RestoreReport report) {
    return switch (report.guest()) {
      case "running" -> "the guest runs";
      case "paused" -> "the guest is paused";
      default -> "the guest is in the state '" + report.guest() + "'";
    };
  }

  /** Writes the properties about serving pages. */
  public static void serving(JsonGenerator json, ServingState serving) {
    serving
        .residentSeconds()
        .ifPresent(seconds -> JsonObject.seconds(json, "resident_seconds", seconds));
    json.writeNumberProperty("faults", serving.faults());
    serving
        .faultMedianSeconds()
        .ifPresent(seconds -> JsonObject.seconds(json, "fault_median_seconds", seconds));
    serving
        .faultP99Seconds()
        .ifPresent(seconds -> JsonObject.seconds(json, "fault_p99_seconds", seconds));
    JsonObject.seconds(json, "fault_seconds", serving.faultSeconds());
  }
}
