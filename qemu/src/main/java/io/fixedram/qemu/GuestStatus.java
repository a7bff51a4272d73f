// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.qmp.Json;

/**
 * What {@code query-status} says.
 *
 * @param name QEMU's RunState: running, paused, inmigrate, postmigrate, ...
 * @param running whether its CPUs run
 */
record GuestStatus(String name, boolean running) {

  static GuestStatus read(Json status) {
    return new GuestStatus(status.get("status").text(), status.get("running").flag());
  }

  boolean is(String other) {
    return name.equals(other);
  }
}
