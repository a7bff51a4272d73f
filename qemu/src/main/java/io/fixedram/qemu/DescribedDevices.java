// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.store.PageStore;
import java.util.List;

/** The sections of devices that a save's description lists. */
final class DescribedDevices {
  private DescribedDevices() {}

  /**
   * Their names; empty if nothing is known of them: the save is a stream and not read yet, it has
   * no description, or one that is not understood, over which QEMU would not fail either.
   */
  static List<String> names(PageStore save) {
    if (!save.isRandomAccess()) {
      return List.of();
    }
    try {
      return save.deviceState().description().stream()
          .flatMap(text -> Json.parse(text).get("devices").items().stream())
          .flatMap(device -> device.findText("name").stream())
          .toList();
    } catch (FixedRamException e) {
      return List.of();
    }
  }
}
