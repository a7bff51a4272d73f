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
import io.fixedram.os.OtherProcess.Piece;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The RAM of a running QEMU, found where it lies. Nothing is read before it is known that the
 * process is the QEMU that was meant, and that its blocks are where they are looked for. QEMU may
 * change its blocks at any time (memory is plugged and unplugged, firmware files grow): {@link
 * #checkUnchanged} tells, and belongs behind whatever was read.
 */
public final class QemuMemory implements AutoCloseable {
  /** Of x86, where the target's pages are as large as those of the host. */
  private static final int TARGET_PAGE_BYTES = 4096;

  private static final Set<String> X86 = Set.of("i386", "x86_64");

  /** QEMU gives its own "ram" section this number on x86. Others than loaders don't look at it. */
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
   * @param qmp stays the caller's to close, after this
   * @throws MemoryRefusedException if it can't be found beyond doubt, or may not be read
   */
  public static QemuMemory open(QmpClient qmp) {
    QemuPid qemu = QemuPid.of(qmp);
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
      throw new MemoryRefusedException(new MemoryObstacle.BlocksNotListed(qmp.endpoint()));
    }
    return blocks;
  }

  /** What may be listed may not be read yet: Yama heeds reads alone. */
  private static void checkReadable(QemuPid qemu, AddressSpace space) {
    Mapping first = space.mappings().stream().filter(Mapping::isReadable).findFirst().orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      qemu.process().read(arena.allocate(1), List.of(new Piece(0, first.start(), 1)));
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
        throw new MemoryRefusedException(new MemoryObstacle.NotResident(block.name()));
      }
    }
  }

  private static SaveHeader header(QmpClient qmp, List<QemuRamBlock> listed) {
    String target = qmp.execute("query-target").get("arch").text();
    if (!X86.contains(target)) {
      throw new MemoryRefusedException(new MemoryObstacle.OtherTarget(target));
    }
    String machine = new QemuMigration(qmp).machine();
    List<RamBlock> blocks = new ArrayList<>();
    for (QemuRamBlock block : listed) {
      blocks.add(new RamBlock(blocks.size(), block.name(), block.usedLength()));
    }
    return new SaveHeader(
        Configuration.of(machine), new RamBlocks(TARGET_PAGE_BYTES, blocks), RAM_SECTION_ID);
  }

  /** The process. */
  public QemuPid process() {
    return qemu;
  }

  /** The blocks, in the order in which a migration sends them. */
  public RamBlocks blocks() {
    return header.blocks();
  }

  /** Bytes of a host page behind a block. */
  public long hostPageSize(RamBlock block) {
    return located(block).listed().pageSize();
  }

  LocatedBlock located(RamBlock block) {
    return blocks.get(block.index());
  }

  /**
   * The memory as a store, whose pages change while the guest runs. Closing it closes nothing.
   *
   * @param devices their state, where it was taken, of a guest that has stood still from then on;
   *     pages that were read before that may differ, since devices may write to memory when their
   *     state is taken
   */
  public PageStore store(Optional<DeviceState> devices) {
    return new MemoryStore("the memory of QEMU at " + qmp.endpoint(), this, header, devices);
  }

  /**
   * Looks whether the memory is that which was found at first.
   *
   * @throws FixedRamException if QEMU has ended, or has blocks added, removed, moved or resized
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
