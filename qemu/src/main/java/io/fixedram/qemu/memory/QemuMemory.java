// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.os.Errno;
import io.fixedram.os.OtherProcess.Range;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Access to the RAM of a running QEMU in place. Nothing is read before the process and the
 * addresses of its blocks are verified. QEMU may change its blocks at any time (memory hotplug,
 * resized firmware files): call {@link #checkUnchanged} after reading.
 */
public final class QemuMemory implements AutoCloseable {
  /** Page size of x86, for targets and hosts. */
  private static final int TARGET_PAGE_BYTES = 4096;

  private static final Set<String> X86 = Set.of("i386", "x86_64");

  /** Section id of QEMU's own "ram" section on x86, which loaders don't depend on. */
  private static final int RAM_SECTION_ID = 2;

  private final QmpClient qmp;
  private final QemuPid qemu;
  private final List<LocatedBlock> blocks;
  private final SaveHeader header;

  private QemuMemory(QmpClient qmp, QemuPid qemu, List<LocatedBlock> blocks, SaveHeader header) {
    this.qmp = qmp;
    this.qemu = qemu;
    this.blocks = blocks;
    this.header = header;
  }

  /**
   * Finds the RAM of a QEMU.
   *
   * @param qmp client to use; the caller closes it after this object
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @throws ObstacleException if the addresses of the RAM are uncertain, or it may not be read
   */
  public static QemuMemory open(QmpClient qmp, OptionalInt process) {
    QemuPid qemu = QemuPid.of(qmp, process);
    try {
      List<QemuRamBlock> listed = listed(qmp);
      AddressSpace space = AddressSpace.of(qemu.files());
      checkReadable(qemu, space);
      List<LocatedBlock> blocks = new BlockLocator(qemu, space).locate(qmp, listed);
      checkResident(blocks);
      return new QemuMemory(qmp, qemu, blocks, header(qmp, listed));
    } catch (RuntimeException | Error e) {
      qemu.close();
      throw e;
    }
  }

  private static List<QemuRamBlock> listed(QmpClient qmp) {
    List<QemuRamBlock> blocks = QemuRamBlock.ask(qmp);
    if (blocks.isEmpty()) {
      throw new ObstacleException(new MemoryObstacle.BlocksNotListed(qmp.endpoint()));
    }
    return blocks;
  }

  /**
   * Checks that memory can be read, since Yama may forbid it even if the mappings can be listed.
   */
  private static void checkReadable(QemuPid qemu, AddressSpace space) {
    Mapping first = space.mappings().stream().filter(Mapping::isReadable).findFirst().orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      qemu.process().read(arena.allocate(1), List.of(new Range(0, first.start(), 1)));
    } catch (StorageException e) {
      if (e.errno() == Errno.EPERM.number() || e.errno() == Errno.ENOSYS.number()) {
        throw ProcessAccess.refused(qemu.id());
      }
      throw e;
    }
  }

  private static void checkResident(List<LocatedBlock> blocks) {
    for (LocatedBlock block : blocks) {
      if (block.mappings().stream().anyMatch(Mapping::isServedByOthers)) {
        throw new ObstacleException(new MemoryObstacle.NotResident(block.name()));
      }
    }
  }

  private static SaveHeader header(QmpClient qmp, List<QemuRamBlock> listed) {
    String target = qmp.execute("query-target").get("arch").text();
    if (!X86.contains(target)) {
      throw new ObstacleException(new MemoryObstacle.OtherTarget(target));
    }
    String machine = new QemuMigration(qmp).machine();
    List<RamBlock> blocks = new ArrayList<>();
    for (QemuRamBlock block : listed) {
      blocks.add(new RamBlock(blocks.size(), block.name(), block.usedLength()));
    }
    return new SaveHeader(
        Configuration.of(machine), new RamBlocks(TARGET_PAGE_BYTES, blocks), RAM_SECTION_ID);
  }

  /** The process of QEMU. */
  public QemuPid process() {
    return qemu;
  }

  /** The blocks, in the order in which a migration sends them. */
  public RamBlocks blocks() {
    return header.blocks();
  }

  LocatedBlock located(RamBlock block) {
    return blocks.get(block.index());
  }

  /** The memory, whose pages change while the guest runs. */
  public RamPages pages() {
    return memoryPages();
  }

  /**
   * A stopped guest as a store. Closing the store has no effect.
   *
   * @param devices device state of the guest, which has been stopped since it was read; pages read
   *     before may differ, since devices may write to memory when their state is read
   */
  public PageStore store(DeviceState devices) {
    return new MemoryStore(memoryPages(), devices);
  }

  private MemoryPages memoryPages() {
    return new MemoryPages("the memory of QEMU at " + qmp.endpoint(), this, header);
  }

  /**
   * Checks that the memory is unchanged since this object was opened.
   *
   * @throws FixedRamException if QEMU has ended, or blocks were added, removed, moved or resized
   */
  public void checkUnchanged() {
    List<QemuRamBlock> now = listed(qmp);
    List<QemuRamBlock> before = blocks.stream().map(LocatedBlock::listed).toList();
    if (!now.equals(before)) {
      List<String> changed = new ArrayList<>();
      before.stream().filter(each -> !now.contains(each)).forEach(each -> changed.add(each.name()));
      now.stream().filter(each -> !before.contains(each)).forEach(each -> changed.add(each.name()));
      throw new FixedRamException(
          "QEMU changed its memory meanwhile (RAM block "
              + (changed.isEmpty() ? "order" : changed.getFirst())
              + "): nothing may be plugged, unplugged or loaded at that time; try again");
    }
    AddressSpace space = AddressSpace.parse(qemu.files().text("maps"));
    for (LocatedBlock block : blocks) {
      if (space.covering(block.host(), block.usedLength()).isEmpty()) {
        throw new FixedRamException(
            "QEMU unmapped memory of RAM block " + block.name() + " meanwhile; try again");
      }
    }
    if (!qemu.process().isAlive()) {
      throw new FixedRamException("QEMU (process " + qemu.id() + ") ended meanwhile");
    }
  }

  @Override
  public void close() {
    qemu.close();
  }
}
