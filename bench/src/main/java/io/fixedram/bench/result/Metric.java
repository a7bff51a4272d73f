// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.cli.console.Amounts;
import java.util.Locale;

/** A measured quantity. */
public enum Metric {
  /** Duration of the job itself. */
  SECONDS("seconds", "time", Unit.TIME),
  /** Duration of the whole command, including the start of Java. */
  COMMAND_SECONDS("command_seconds", "whole command", Unit.TIME),
  /** Time for which a guest was stopped that was saved while it ran. */
  DOWNTIME_SECONDS("downtime_seconds", "downtime", Unit.TIME),
  /** Downtime for each GiB of pages. */
  DOWNTIME_SECONDS_PER_GIB("downtime_seconds_per_gib", "downtime per GiB", Unit.TIME),
  /** Time from the start of a restore until the guest ran. */
  RUNNING_SECONDS("running_seconds", "running", Unit.TIME),
  /** Time from the start of a restore until all of the guest's memory was present. */
  RESIDENT_SECONDS("resident_seconds", "resident", Unit.TIME),
  /** Peak resident memory of the process. */
  PEAK_MIB("peak_mib", "peak memory", Unit.MEBIBYTES),
  /** Processor time of the process for each GiB of pages. */
  CPU_SECONDS_PER_GIB("cpu_seconds_per_gib", "CPU per GiB", Unit.TIME),
  /** Size of the written file. */
  FILE_MIB("file_mib", "file", Unit.MEBIBYTES),
  /** Bytes of pages written to the file per second. */
  MIB_PER_SECOND("mib_per_second", "per second", Unit.MEBIBYTES),
  /** Number of passes over the guest's RAM. */
  PASSES("passes", "passes", Unit.COUNT),
  /** Memory of all guests together, with shared pages counted once (Pss). */
  PSS_MIB("pss_mib", "memory (Pss)", Unit.MEBIBYTES),
  /** The part of that memory that does not belong to files. */
  ANONYMOUS_MIB("anonymous_mib", "anonymous", Unit.MEBIBYTES);

  private final String key;
  private final String title;
  private final Unit unit;

  private enum Unit {
    TIME,
    MEBIBYTES,
    COUNT
  }

  Metric(String key, String title, Unit unit) {
    this.key = key;
    this.title = title;
    this.unit = unit;
  }

  /** Name of the metric in JSON. */
  public String key() {
    return key;
  }

  /** Name of the metric in tables. */
  public String title() {
    return title;
  }

  /** A value formatted for users. */
  public String text(double value) {
    return switch (unit) {
      case TIME -> Amounts.seconds(value);
      case MEBIBYTES -> Amounts.bytes(Math.round(value * (1 << 20)));
      case COUNT -> String.format(Locale.ROOT, "%.0f", value);
    };
  }
}
