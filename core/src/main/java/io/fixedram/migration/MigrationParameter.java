// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import java.util.Arrays;
import java.util.Optional;

/** A numeric parameter of a migration, with its name in QMP. */
public enum MigrationParameter {
  /** Bytes per second. */
  MAX_BANDWIDTH("max-bandwidth"),
  /** Milliseconds. */
  DOWNTIME_LIMIT("downtime-limit"),
  /** Bytes per second. */
  AVAIL_SWITCHOVER_BANDWIDTH("avail-switchover-bandwidth"),
  /** Maximum number of passes over the memory; not a parameter of QEMU. */
  X_MAX_PASSES("x-max-passes");

  private final String text;

  MigrationParameter(String text) {
    this.text = text;
  }

  /** QMP's spelling. */
  public String text() {
    return text;
  }

  /** The parameter with a name. */
  public static Optional<MigrationParameter> parse(String text) {
    return Arrays.stream(values()).filter(each -> each.text.equals(text)).findFirst();
  }
}
