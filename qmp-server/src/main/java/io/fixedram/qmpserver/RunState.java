// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

/** Whether a served guest runs, in the terms of QEMU's RunState. */
public enum RunState {
  /** It runs. */
  RUNNING("running"),
  /** It was stopped by command. */
  PAUSED("paused"),
  /** The migration under way has stopped it, to send the last of it. */
  FINISH_MIGRATE("finish-migrate"),
  /** It was stopped by a migration that completed. */
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
