// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.List;
import java.util.Map;

/**
 * The devices of a guest.
 *
 * @param added devices of the command line or added later, without those of the machine type
 * @param pci functions on the first PCI bus; those behind bridges have no fixed bus number
 */
public record DeviceFacts(List<Device> added, List<PciFunction> pci) {
  /** Copies the lists. */
  public DeviceFacts {
    added = List.copyOf(added);
    pci = List.copyOf(pci);
  }

  /**
   * A device.
   *
   * @param path path in QEMU's object tree; ends with the id if the device has one
   * @param type type, such as {@code virtio-rng-pci}
   */
  public record Device(String path, String type) {
    /** Whether QEMU named the device, because it was given no id. */
    public boolean anonymous() {
      return path.startsWith(QemuDevice.ANONYMOUS + "/");
    }

    /** Last part of the path. */
    public String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  /**
   * A PCI function.
   *
   * @param address slot and function in hexadecimal, such as {@code 04.0}
   * @param id vendor and device in hexadecimal, such as {@code 1af4:1005}
   * @param description class of the device in QEMU's words; may be empty
   */
  public record PciFunction(String address, String id, String description) {}

  static DeviceFacts ask(QmpClient qmp) {
    return new DeviceFacts(
        QemuDevice.added(qmp).map(each -> new Device(each.path(), each.type())).toList(),
        qmp.executeIfKnown("query-pci", Map.of()).stream()
            .flatMap(buses -> buses.items().stream())
            .filter(bus -> bus.get("bus").number() == 0)
            .flatMap(bus -> bus.get("devices").items().stream())
            .map(DeviceFacts::function)
            .toList());
  }

  private static PciFunction function(Json device) {
    Json id = device.get("id");
    return new PciFunction(
        "%02x.%x".formatted(device.get("slot").number(), device.get("function").number()),
        "%04x:%04x".formatted(id.get("vendor").number(), id.get("device").number()),
        device.get("class_info").findText("desc").orElse(""));
  }
}
