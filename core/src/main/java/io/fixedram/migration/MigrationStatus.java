// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/** Status of a migration, with the names of QEMU's MigrationStatus. */
public enum MigrationStatus {
  /** Not started. */
  NONE("none"),
  /** Opening the target and writing everything that precedes the pages. */
  SETUP("setup"),
  /** Sending pages; the guest runs until the final pass. */
  ACTIVE("active"),
  /** The guest is stopped and the migration waits to be continued (pause-before-switchover). */
  PRE_SWITCHOVER("pre-switchover"),
  /** Continued after {@link #PRE_SWITCHOVER}: sending the rest and the device state. */
  DEVICE("device"),
  /** The save is complete and published; the guest is stopped unless its owner has resumed it. */
  COMPLETED("completed"),
  /** The migration has failed; the guest runs as before. */
  FAILED("failed"),
  /** The migration is being cancelled. */
  CANCELLING("cancelling"),
  /** The migration was cancelled; the guest runs as before. */
  CANCELLED("cancelled");

  private final String text;

  MigrationStatus(String text) {
    this.text = text;
  }

  /** QEMU's spelling. */
  public String text() {
    return text;
  }

  /** Whether no other status follows. */
  public boolean isFinal() {
    return this == COMPLETED || this == FAILED || this == CANCELLED;
  }
}
