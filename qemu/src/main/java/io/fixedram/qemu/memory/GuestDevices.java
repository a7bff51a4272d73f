// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.os.InMemoryFile;
import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.wire.DeviceSections;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/**
 * Reads the device state of a stopped guest without a migration, by QEMU's command
 * xen-save-devices-state, which does not need Xen. The guest's state and its disks are not changed.
 */
public final class GuestDevices {
  private static final int TARGET_PAGE_BYTES = 4096;

  /** The section with the run state of the guest after loading. */
  private static final String RUN_STATE = "globalstate";

  /** Length of the state's name in this section that all versions of QEMU have. */
  private static final int RUN_STATE_BYTES = 32;

  /**
   * Length of the section's payload: a length field and 100 bytes, of which QEMU 9.0 and later use
   * the last ones for other data.
   */
  private static final int RUN_STATE_PAYLOAD_BYTES = Integer.BYTES + 100;

  /** States that old machine types omit; the loading QEMU's options decide which one it is. */
  private static final Set<String> LEFT_OUT = Set.of("paused", "running");

  /** Suffix of the names of sections that must precede the RAM. */
  private static final String EARLY = "-early";

  private static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final QmpClient qmp;

  private GuestDevices(QmpClient qmp) {
    this.qmp = qmp;
  }

  /**
   * Checks that the device state of a guest can be read once it is stopped.
   *
   * @throws FixedRamException if the guest can't be saved this way, with the reason
   */
  public static void requireSaveable(QmpClient qmp) {
    var _ = new SaveObstacles(qmp).status();
  }

  /**
   * Reads the device state of a guest that was stopped only for the save.
   *
   * @param before the guest's state after loading in QMP's spelling: its state before the save,
   *     such as running
   * @throws FixedRamException if the guest runs or can't be saved this way
   */
  public static DeviceState take(QmpClient qmp, String before) {
    return new GuestDevices(qmp).take(new SaveObstacles(qmp).check(), before);
  }

  private DeviceState take(String now, String saved) {
    try (InMemoryFile file = InMemoryFile.create("fixedram-devices")) {
      // By default the command is for a live migration and inactivates the disks.
      write(file, false);
      Json after = qmp.execute("query-status");
      if (after.get("running").flag() || !after.get("status").text().equals(now)) {
        throw new ObstacleException(
            new DeviceStateObstacle.StateChanged(now, after.get("status").text()));
      }
      DeviceState state = state(file.reading(), saved);
      // QEMU before 9 keeps the file open until the guest runs again.
      file.writing().setSize(0);
      return state;
    }
  }

  private void write(InMemoryFile file, boolean live) {
    Json added = qmp.executeWithDescriptor("add-fd", Map.of(), file.writing().number());
    try {
      qmp.execute(
          "xen-save-devices-state",
          Map.of("filename", "/dev/fdset/" + added.get("fdset-id").number(), "live", live));
    } finally {
      QemuPid.remove(qmp, added);
    }
  }

  /**
   * Makes QEMU release the disks of a stopped guest, as it does at the end of a migration: it
   * writes cached data, and other processes may use the disks. QEMU takes them back when the guest
   * is resumed. Must not be called for QEMU before 10.0, which aborts when it has to release them
   * again, also in a migration.
   *
   * @throws FixedRamException if QEMU fails to
   */
  public static void giveUpDisks(QmpClient qmp) {
    try (InMemoryFile file = InMemoryFile.create("fixedram-devices")) {
      new GuestDevices(qmp).write(file, true);
    }
  }

  private static DeviceState state(Descriptor file, String saved) {
    long size = file.status().sizeBytes();
    if (size > DeviceState.MAX_BYTES) {
      throw new ObstacleException(new DeviceStateObstacle.TooLarge(size, DeviceState.MAX_BYTES));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = AnonymousMemory.allocate(arena, size);
      long read = file.readUpTo(0, bytes, 0, size);
      DeviceSections sections =
          DeviceSections.read(bytes.asSlice(0, read), "the state of this guest's devices");
      checkOrder(sections);
      setRunState(sections, saved);
      return sections.toDeviceState(TARGET_PAGE_BYTES);
    } catch (UnsupportedSaveException e) {
      throw new ObstacleException(new DeviceStateObstacle.NotReadable(e));
    }
  }

  private static void checkOrder(DeviceSections sections) {
    sections.list().stream()
        .map(DeviceSections.Section::name)
        .filter(name -> name.endsWith(EARLY))
        .findFirst()
        .ifPresent(name -> {
          throw new ObstacleException(new DeviceStateObstacle.NeededBeforeMemory(name));
        });
  }

  /**
   * Sets the run state. QEMU always writes running, since the command is meant for handing a guest
   * over.
   */
  private static void setRunState(DeviceSections sections, String state) {
    MemorySegment payload =
        sections.find(RUN_STATE).map(DeviceSections.Section::payload).orElse(MemorySegment.NULL);
    if (payload.byteSize() == RUN_STATE_PAYLOAD_BYTES && state.length() < RUN_STATE_BYTES) {
      byte[] name = state.getBytes(StandardCharsets.US_ASCII);
      payload.set(BE32, 0, name.length + 1);
      payload.asSlice(Integer.BYTES, RUN_STATE_BYTES).fill((byte) 0);
      MemorySegment.copy(MemorySegment.ofArray(name), 0, payload, Integer.BYTES, name.length);
    } else if (payload.byteSize() != 0 || !LEFT_OUT.contains(state)) {
      throw new ObstacleException(new DeviceStateObstacle.StateNotRecorded(state));
    }
  }
}
