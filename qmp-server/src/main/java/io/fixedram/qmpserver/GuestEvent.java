// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.migration.MigrationStatus;
import java.util.Map;

/**
 * An event for QMP clients.
 *
 * @param name QEMU's name of the event
 * @param data data of the event
 */
record GuestEvent(String name, Map<String, ?> data) {
  static final GuestEvent STOP = new GuestEvent("STOP", Map.of());
  static final GuestEvent RESUME = new GuestEvent("RESUME", Map.of());

  static GuestEvent migration(MigrationStatus status) {
    return new GuestEvent("MIGRATION", Map.of("status", status.text()));
  }

  static GuestEvent pass(long pass) {
    return new GuestEvent("MIGRATION_PASS", Map.of("pass", pass));
  }
}
