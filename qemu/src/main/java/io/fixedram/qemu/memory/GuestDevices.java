// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.os.InMemoryFile;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.stream.DeviceSections;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/**
 * Takes the state of the devices of a guest that stands still, without a migration, by QEMU's
 * command xen-save-devices-state, which needs no Xen. The guest stays as it is, and its disks stay
 * QEMU's.
 */
public final class GuestDevices {
  private static final int TARGET_PAGE_BYTES = 4096;

  /** The section that holds the state which the guest goes to when it is loaded. */
  private static final String RUN_STATE = "globalstate";

  /** What QEMU tells of a guest in this section in all versions: its state's name. */
  private static final int RUN_STATE_BYTES = 32;

  /** Of the section: a length, and 100 bytes, the last of which have more from QEMU 9.0 on. */
  private static final int RUN_STATE_PAYLOAD_BYTES = Integer.BYTES + 100;

  /** States that old machine types leave out, and loaders tell apart by how QEMU was started. */
  private static final Set<String> LEFT_OUT = Set.of("paused", "running");

  /** A section of this kind belongs before the RAM. */
  private static final String EARLY = "-early";

  private static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final QmpClient qmp;

  private GuestDevices(QmpClient qmp) {
    this.qmp = qmp;
  }

  /**
   * Looks whether the state of a guest could be taken if it stood still.
   *
   * @throws FixedRamException naming what of it can't be saved this way
   */
  public static void requireSaveable(QmpClient qmp) {
    var _ = new SaveObstacles(qmp).status();
  }

  /**
   * Takes the state of a guest that is loaded as it is now: paused, shut down.
   *
   * @throws FixedRamException if the guest runs, or naming what of it can't be saved this way
   */
  public static DeviceState take(QmpClient qmp) {
    GuestDevices devices = new GuestDevices(qmp);
    String now = new SaveObstacles(qmp).check();
    return devices.take(now, now);
  }

  /**
   * Takes the state of a guest that was stopped only to be saved.
   *
   * @param before the state that it is to go to when it is loaded, as QMP spells it: that which it
   *     was in before, such as running
   * @throws FixedRamException if the guest runs, or naming what of it can't be saved this way
   */
  public static DeviceState take(QmpClient qmp, String before) {
    return new GuestDevices(qmp).take(new SaveObstacles(qmp).check(), before);
  }

  private DeviceState take(String now, String saved) {
    try (InMemoryFile file = InMemoryFile.create("fixedram-devices")) {
      Json added = qmp.executeWithDescriptor("add-fd", Map.of(), file.writing().number());
      try {
        // If it were live, the disks would be given up too, and without a word that is meant.
        qmp.execute(
            "xen-save-devices-state",
            Map.of("filename", "/dev/fdset/" + added.get("fdset-id").number(), "live", false));
      } finally {
        QemuPid.remove(qmp, added);
      }
      Json after = qmp.execute("query-status");
      if (after.get("running").flag() || !after.get("status").text().equals(now)) {
        throw SaveObstacles.cannot(
            "it went from '"
                + now
                + "' to '"
                + after.get("status").text()
                + "' meanwhile, by itself or because another client of QEMU let it");
      }
      DeviceState state = state(file.reading(), saved);
      // QEMU before 9 has the file open until the guest runs again.
      file.writing().setSize(0);
      return state;
    }
  }

  private static DeviceState state(Descriptor file, String saved) {
    long size = file.status().sizeBytes();
    if (size > DeviceState.MAX_BYTES) {
      throw SaveObstacles.cannot(
          "its devices have a state of "
              + size
              + " bytes, more than "
              + (DeviceState.MAX_BYTES >> 20)
              + " MiB");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = AnonymousMemory.allocate(arena, size);
      long read = file.readFully(0, bytes, 0, size);
      DeviceSections sections =
          DeviceSections.read(bytes.asSlice(0, read), "the state of this guest's devices");
      checkOrder(sections);
      setRunState(sections, saved);
      return sections.toDeviceState(TARGET_PAGE_BYTES);
    }
  }

  private static void checkOrder(DeviceSections sections) {
    sections.list().stream()
        .map(DeviceSections.Section::name)
        .filter(name -> name.endsWith(EARLY))
        .findFirst()
        .ifPresent(name -> {
          throw SaveObstacles.cannot("the state of " + name + " must be loaded before its memory");
        });
  }

  /** QEMU has it always as running, since it expects to hand the guest over to another. */
  private static void setRunState(DeviceSections sections, String state) {
    MemorySegment payload =
        sections.find(RUN_STATE).map(DeviceSections.Section::payload).orElse(MemorySegment.NULL);
    if (payload.byteSize() == RUN_STATE_PAYLOAD_BYTES && state.length() < RUN_STATE_BYTES) {
      byte[] name = state.getBytes(StandardCharsets.US_ASCII);
      payload.set(BE32, 0, name.length + 1);
      payload.asSlice(Integer.BYTES, RUN_STATE_BYTES).fill((byte) 0);
      MemorySegment.copy(MemorySegment.ofArray(name), 0, payload, Integer.BYTES, name.length);
    } else if (payload.byteSize() != 0 || !LEFT_OUT.contains(state)) {
      throw SaveObstacles.cannot(
          "this machine type does not say that a guest is in the state '" + state + "'");
    }
  }
}
