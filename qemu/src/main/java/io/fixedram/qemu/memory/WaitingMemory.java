// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.ZeroPages;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.OtherProcess.Range;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The memory of a QEMU that waits for a guest (<code>-incoming defer</code>), to which the guest's
 * pages are written in place. The rest of the guest is then loaded from a migration stream,
 * including blocks that are not {@link #direct()}. The memory of a QEMU that has run or loads a
 * guest is never written.
 */
public final class WaitingMemory implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final String WAITING = "inmigrate";

  private static final String RESET = "RESET";
  private static final Duration QUIT_TIME = Duration.ofSeconds(2);

  private final QmpClient qmp;

  /** Receives the events since before the memory was looked at. */
  private final QmpClient events;

  private final QemuMemory memory;

  /** QEMU's block for each block of the save that is written in place. */
  private final Map<RamBlock, Target> targets;

  /**
   * A block to write.
   *
   * @param block the block in QEMU
   * @param populated pages that may have content already
   */
  private record Target(LocatedBlock block, PageBitmap populated) {}

  private WaitingMemory(
      QmpClient qmp, QmpClient events, QemuMemory memory, Map<RamBlock, Target> targets) {
    this.qmp = qmp;
    this.events = events;
    this.memory = memory;
    this.targets = targets;
  }

  /**
   * Finds the memory of a QEMU.
   *
   * @param qmp client to use; the caller closes it after this object
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @param save name of the save, for messages
   * @param saved the blocks of the guest to load
   * @throws ObstacleException if the addresses are uncertain, the memory may not be written, or
   *     QEMU does not wait or has other blocks than the guest
   */
  public static WaitingMemory open(
      QmpClient qmp, OptionalInt process, String save, RamBlocks saved) {
    QmpClient events = qmp.forAnother();
    requireWaiting(qmp);
    QemuMemory memory = QemuMemory.open(qmp, process);
    try {
      return new WaitingMemory(qmp, events, memory, targets(memory, save, saved));
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private static void requireWaiting(QmpClient qmp) {
    notReady(qmp)
        .ifPresent(obstacle -> {
          throw new ObstacleException(obstacle);
        });
  }

  /** Id of QEMU's process in the pid namespace of this process. */
  public int processId() {
    return memory.process().id();
  }

  /**
   * Checks, before the first write, that QEMU still waits.
   *
   * @throws ObstacleException if it does not
   */
  public void requireWaiting() {
    requireWaiting(qmp);
  }

  /** Reason why QEMU's memory must not be written; empty if QEMU waits for a guest. */
  private static Optional<LoadObstacle.NotReady> notReady(QmpClient qmp) {
    QemuMigration migration = new QemuMigration(qmp);
    String guest = migration.guest().name();
    if (!guest.equals(WAITING)) {
      return Optional.of(new LoadObstacle.NotWaiting(qmp.endpoint(), guest));
    }
    MigrationState state = migration.state();
    return state.is("none")
        ? Optional.empty()
        : Optional.of(new LoadObstacle.LoadBegun(qmp.endpoint(), state.status()));
  }

  private static Map<RamBlock, Target> targets(QemuMemory memory, String save, RamBlocks saved) {
    Set<String> names = new HashSet<>();
    memory.blocks().list().forEach(block -> names.add(block.name()));
    saved.list().forEach(block -> names.remove(block.name()));
    if (!names.isEmpty()) {
      throw new ObstacleException(new MemoryObstacle.BlockNotInSave(names.iterator().next()));
    }
    PopulatedPages pages = new PopulatedPages(memory.process(), saved.targetPageSize());
    Map<RamBlock, Target> targets = new HashMap<>();
    for (RamBlock block : saved.list()) {
      LocatedBlock located =
          memory
              .blocks()
              .byName(block.name())
              .map(memory::located)
              .orElseThrow(() ->
                  new ObstacleException(
                      new LoadObstacle.BlockMissing(save, block.name(), block.usedLength())));
      QemuRamBlock listed = located.listed();
      if (listed.usedLength() == block.usedLength()) {
        checkWritable(located);
        targets.put(block, new Target(located, pages.of(located)));
      } else if (!listed.takes(block.usedLength())) {
        throw new ObstacleException(
            new LoadObstacle.OtherLength(
                save, block.name(), block.usedLength(), listed.usedLength()));
      }
    }
    return Map.copyOf(targets);
  }

  private static void checkWritable(LocatedBlock block) {
    for (Mapping mapping : block.mappings()) {
      if (!mapping.isWritable()) {
        throw new ObstacleException(
            new MemoryObstacle.ReadOnlyBlock(block.name(), mapping.permissions()));
      }
    }
  }

  /**
   * The blocks of the guest whose pages are to be written in place. QEMU resizes the others only
   * when it loads them.
   */
  public Set<RamBlock> direct() {
    return targets.keySet();
  }

  /**
   * Creates a sink that writes pages of {@link #direct()} blocks. Any number of sinks may be used
   * at a time, each by one thread. Each page should be sent once; pages that are not sent keep
   * their content.
   */
  public PageSink sink() {
    return new Sink(AnonymousMemory.allocateHuge(Arena.ofAuto(), BUFFER_BYTES));
  }

  private Target target(RamBlock block) {
    return Objects.requireNonNull(targets.get(block), "not one of the blocks to write");
  }

  private final class Sink implements PageSink {
    private final MemorySegment buffer;
    private final MemorySegment zeros = AnonymousMemory.allocate(Arena.ofAuto(), BUFFER_BYTES);

    Sink(MemorySegment buffer) {
      this.buffer = buffer;
    }

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long length) {
      write(block, offset, from, fromOffset, length);
    }

    @Override
    public void zero(RamBlock block, long offset, long length) {
      PageBitmap populated = target(block).populated();
      long pageSize = block.usedLength() / populated.pages();
      populated.forEachRun(
          offset / pageSize,
          (offset + length) / pageSize,
          (page, count) -> clear(block, page * pageSize, count * pageSize, pageSize));
    }

    /** Makes pages zero. Reads them first, so that pages which are zero already are not written. */
    private void clear(RamBlock block, long offset, long length, long pageSize) {
      for (long done = 0; done < length; done += BUFFER_BYTES) {
        long count = Math.min(BUFFER_BYTES, length - done);
        long host = target(block).block().host() + offset + done;
        try {
          memory.process().process().read(buffer, List.of(new Range(0, host, count)));
        } catch (StorageException e) {
          throw failure(block, offset + done, e);
        }
        for (long page = 0; page < count; page += pageSize) {
          if (!ZeroPages.isZero(buffer, page, pageSize)) {
            write(block, offset + done + page, zeros, 0, pageSize);
          }
        }
      }
    }

    private void write(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long length) {
      Target target = target(block);
      if (offset < 0 || length < 0 || offset > target.block().usedLength() - length) {
        throw new IndexOutOfBoundsException(offset + " + " + length + " of RAM block " + block);
      }
      long host = target.block().host() + offset;
      try {
        memory.process().process().write(from, List.of(new Range(fromOffset, host, length)));
      } catch (StorageException e) {
        throw failure(block, offset, e);
      }
    }

    private static FixedRamException failure(RamBlock block, long offset, StorageException e) {
      return new FixedRamException(
          "RAM block " + block + " can't be written at offset " + offset + ": " + e.sentence(), e);
    }
  }

  /**
   * Checks that QEMU has waited all the time and its memory is unchanged; to be called after the
   * last write and before QEMU loads. Otherwise QEMU is told to quit, since the content of its
   * memory is unknown.
   *
   * @throws FixedRamException if QEMU has changed
   */
  public void finish() {
    try {
      notReady(qmp)
          .or(this::reset)
          .ifPresent(now -> {
            throw new ObstacleException(new LoadObstacle.ChangedMeanwhile(now));
          });
      memory.checkUnchanged();
    } catch (FixedRamException e) {
      quit(e);
      throw e;
    }
  }

  /** A reset, which the state does not show, but at which QEMU writes to its memory. */
  private Optional<LoadObstacle.NotReady> reset() {
    boolean reset = false;
    for (Optional<QmpEvent> event = events.nextEvent(Duration.ZERO);
        event.isPresent();
        event = events.nextEvent(Duration.ZERO)) {
      reset |= event.get().name().equals(RESET);
    }
    return reset ? Optional.of(new LoadObstacle.WasReset(qmp.endpoint())) : Optional.empty();
  }

  private void quit(FixedRamException reason) {
    try {
      qmp.uncancellable().quit(QUIT_TIME);
    } catch (FixedRamException e) {
      reason.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
