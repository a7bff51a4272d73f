// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

/** Run state of a served guest, in terms of QEMU's RunState. */
public enum RunState {
  /** The guest runs. */
  RUNNING("running"),
  /** The guest was stopped by a command. */
  PAUSED("paused"),
  /** The guest was stopped by the current migration for its final pass. */
  FINISH_MIGRATE("finish-migrate"),
  /** The guest was stopped by a migration that is complete. */
  POSTMIGRATE("postmigrate");

  private final String text;

  RunState(String text) {
    this.text = text;
  }

  /** QEMU's spelling. */
  public String text() {
    return text;
  }
}
