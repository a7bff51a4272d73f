// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/** The states of a migration, as QEMU's MigrationStatus names them. */
public enum MigrationStatus {
  /** Not started. */
  NONE("none"),
  /** Opening the target and laying out what comes before the pages. */
  SETUP("setup"),
  /** Sending pages; the guest runs until the last pass. */
  ACTIVE("active"),
  /** The guest is stopped, and the migration waits to be continued (pause-before-switchover). */
  PRE_SWITCHOVER("pre-switchover"),
  /** Continued after {@link #PRE_SWITCHOVER}: sending the rest and the device state. */
  DEVICE("device"),
  /** The save is complete and has its name; the guest is as its owner left it, stopped or not. */
  COMPLETED("completed"),
  /** It went wrong; the guest runs as before. */
  FAILED("failed"),
  /** The end was asked for and is being brought about. */
  CANCELLING("cancelling"),
  /** It was ended on request; the guest runs as before. */
  CANCELLED("cancelled");

  private final String text;

  MigrationStatus(String text) {
    this.text = text;
  }

  /** QEMU's spelling. */
  public String text() {
    return text;
  }

  /** Whether nothing comes after. */
  public boolean isFinal() {
    return this == COMPLETED || this == FAILED || this == CANCELLED;
  }
}
