// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Checks that QEMU has a PCI device at each address for which a save has device state. The save's
 * description names device sections by address; those on the first bus can be compared with QEMU's
 * devices. QEMU's loader checks the types of devices and all other devices.
 */
final class IncomingPci {
  /** Domain and bus 0, slot, function, no bridge, name of the section. */
  private static final Pattern SECTION =
      Pattern.compile("0000:00:([0-9a-f]{2})\\.([0-7])/([^/].*)");

  private IncomingPci() {}

  /**
   * Compares the save with QEMU.
   *
   * @throws ObstacleException naming the device that is not there
   */
  static void check(QmpClient qmp, PageStore save) {
    List<Matcher> sections =
        DescribedDevices.names(save).stream()
            .map(SECTION::matcher)
            .filter(Matcher::matches)
            .toList();
    if (sections.isEmpty()) {
      return;
    }
    Set<String> present = addresses(qmp);
    for (Matcher section : sections) {
      if (!present.isEmpty() && !present.contains(section.group(1) + "." + section.group(2))) {
        throw new ObstacleException(
            new LoadObstacle.DeviceMissing(
                save.name(), section.group(3), "00:" + section.group(1) + "." + section.group(2)));
      }
    }
  }

  /** Slots and functions of the devices on bus 0; empty if there is no such bus. */
  private static Set<String> addresses(QmpClient qmp) {
    List<Json> buses = qmp.executeIfKnown("query-pci", Map.of()).map(Json::items).orElse(List.of());
    Set<String> addresses = new HashSet<>();
    for (Json bus : buses) {
      if (bus.get("bus").number() == 0) {
        for (Json device : bus.get("devices").items()) {
          addresses.add(
              "%02x.%x".formatted(device.get("slot").number(), device.get("function").number()));
        }
      }
    }
    return addresses;
  }
}
