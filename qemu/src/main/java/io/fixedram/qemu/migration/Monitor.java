// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.Map;

/** QEMU's human monitor over QMP. */
public final class Monitor {
  private Monitor() {}

  /**
   * Runs a monitor command and returns its output.
   *
   * @throws QmpException if QEMU refuses monitor commands
   */
  public static String ask(QmpClient qmp, String line) {
    return qmp.execute("human-monitor-command", Map.of("command-line", line)).text();
  }
}
