// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.Map;

/** QEMU's monitor for people, asked over QMP. */
final class Monitor {
  private Monitor() {}

  /**
   * What it answers.
   *
   * @throws QmpException if QEMU lets nobody ask it
   */
  static String ask(QmpClient qmp, String line) {
    return qmp.execute("human-monitor-command", Map.of("command-line", line)).text();
  }
}
