// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.Json;

/**
 * What {@code query-status} says.
 *
 * @param name QEMU's RunState: running, paused, inmigrate, postmigrate, ...
 * @param running whether its CPUs run
 */
public record GuestStatus(String name, boolean running) {

  static GuestStatus read(Json status) {
    return new GuestStatus(status.get("status").text(), status.get("running").flag());
  }

  public boolean is(String other) {
    return name.equals(other);
  }

  /**
   * Whether it stands still because of something that happened to it (it shut down, panicked, met
   * an error, sleeps), and not because nobody has let it run.
   */
  public boolean isHeldByItself() {
    return switch (name) {
      case "guest-panicked", "internal-error", "io-error", "shutdown", "suspended", "watchdog" ->
          true;
      default -> false;
    };
  }

  /** What has such a guest run again. */
  public String remedy() {
    return switch (name) {
      case "internal-error", "shutdown" -> "QMP 'system_reset' and 'cont' start it anew";
      case "suspended" -> "QMP 'system_wakeup' wakes it";
      default -> "QMP 'cont' lets it run";
    };
  }
}
