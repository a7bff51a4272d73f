// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import java.util.Arrays;
import java.util.Optional;

/** A number that steers a migration, by the name that QMP has for it. */
public enum MigrationParameter {
  /** Bytes a second. */
  MAX_BANDWIDTH("max-bandwidth"),
  /** Milliseconds. */
  DOWNTIME_LIMIT("downtime-limit"),
  /** Bytes a second. */
  AVAIL_SWITCHOVER_BANDWIDTH("avail-switchover-bandwidth"),
  /** Passes over the memory; none of QEMU's. */
  X_MAX_PASSES("x-max-passes");

  private final String text;

  MigrationParameter(String text) {
    this.text = text;
  }

  /** QMP's spelling. */
  public String text() {
    return text;
  }

  /** The parameter of that name. */
  public static Optional<MigrationParameter> parse(String text) {
    return Arrays.stream(values()).filter(each -> each.text.equals(text)).findFirst();
  }
}
