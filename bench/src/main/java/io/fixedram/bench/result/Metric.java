// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.cli.console.Amounts;
import java.util.Locale;

/** What is measured. */
public enum Metric {
  /** What the job itself took. */
  SECONDS("seconds", "time", Unit.TIME),
  /** From the start of the command to its end, Java's start included. */
  COMMAND_SECONDS("command_seconds", "whole command", Unit.TIME),
  /** From the start of a restore to the guest running. */
  RUNNING_SECONDS("running_seconds", "running", Unit.TIME),
  /** From the start of a restore until nothing of the guest's memory was missing. */
  RESIDENT_SECONDS("resident_seconds", "all there", Unit.TIME),
  /** The most memory of the process that was resident. */
  PEAK_MIB("peak_mib", "peak memory", Unit.MEBIBYTES),
  /** Processor time of the process for each GiB of pages. */
  CPU_SECONDS_PER_GIB("cpu_seconds_per_gib", "CPU a GiB", Unit.TIME),
  /** Size of what was written. */
  FILE_MIB("file_mib", "file", Unit.MEBIBYTES),
  /** Bytes of pages that went to the file a second. */
  MIB_PER_SECOND("mib_per_second", "a second", Unit.MEBIBYTES),
  /** How often the guest's RAM was gone through. */
  PASSES("passes", "passes", Unit.COUNT),
  /** Memory of all guests together, a page that several share counted once (Pss). */
  PSS_MIB("pss_mib", "memory (Pss)", Unit.MEBIBYTES),
  /** Of that, what is no page of a file. */
  ANONYMOUS_MIB("anonymous_mib", "not the file's", Unit.MEBIBYTES);

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

  /** Its name in JSON. */
  public String key() {
    return key;
  }

  /** Its name for a person. */
  public String title() {
    return title;
  }

  /** A value of it for a person. */
  public String text(double value) {
    return switch (unit) {
      case TIME -> Amounts.seconds(value);
      case MEBIBYTES -> Amounts.bytes(Math.round(value * (1 << 20)));
      case COUNT -> String.format(Locale.ROOT, "%.0f", value);
    };
  }
}
