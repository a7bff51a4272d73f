// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.Json;

/**
 * Result of {@code query-status}.
 *
 * @param name QEMU's RunState: running, paused, inmigrate, postmigrate, ...
 * @param running whether the vCPUs run
 */
public record GuestStatus(String name, boolean running) {

  static GuestStatus read(Json status) {
    return new GuestStatus(status.get("status").text(), status.get("running").flag());
  }

  public boolean is(String other) {
    return name.equals(other);
  }

  /**
   * Whether the guest is stopped because of an event in the guest (shutdown, panic, error,
   * suspend), and not by a command or for lack of one.
   */
  public boolean isHeldByItself() {
    return switch (name) {
      case "guest-panicked", "internal-error", "io-error", "shutdown", "suspended", "watchdog" ->
          true;
      default -> false;
    };
  }

  /** Clause for messages: how such a guest can be made to run again. */
  public String remedy() {
    return switch (name) {
      case "internal-error", "shutdown" -> "QMP 'system_reset' and 'cont' start it anew";
      case "suspended" -> "QMP 'system_wakeup' wakes it";
      default -> "QMP 'cont' lets it run";
    };
  }
}
