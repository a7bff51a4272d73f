// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a QEMU reports about itself and its guest. What a version, machine or configuration does not
 * report is empty or "unknown".
 */
public record GuestFacts(
    QemuFacts qemu,
    MachineFacts machine,
    CpuFacts cpu,
    MemoryFacts memory,
    DeviceFacts devices,
    DiskFacts disks) {

  /**
   * Queries a QEMU with about fifty short QMP commands. The guest is not affected.
   *
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @throws FixedRamException if QEMU does not answer, or its answers are invalid
   */
  public static GuestFacts ask(QmpClient qmp, OptionalInt process) {
    return ask(qmp, process, Set.of());
  }

  /**
   * Queries a QEMU some of whose disks are under overlays that the guest has not written to, or not
   * before it ran on after its save.
   *
   * @param overlays files of the overlays; the facts are those of the images below
   */
  public static GuestFacts ask(QmpClient qmp, OptionalInt process, Set<String> overlays) {
    QemuFacts qemu = QemuFacts.ask(qmp, process);
    return new GuestFacts(
        qemu,
        MachineFacts.ask(qmp),
        CpuFacts.ask(qmp),
        MemoryFacts.ask(qmp),
        DeviceFacts.ask(qmp),
        DiskFacts.ask(qmp, qemu.directory(), overlays));
  }
}
