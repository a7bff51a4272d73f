// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.parallel.PageShares;
import io.fixedram.qemu.memory.WaitingMemory;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Loader of restore mode memory: several threads write the pages of a save to their places in the
 * memory of a waiting QEMU. The rest is sent to QEMU as a stream: blocks that get their full length
 * only when QEMU loads them, and the devices. If this fails after pages were written, QEMU must
 * end, since other loads expect memory that they don't write to be empty; a guard ends it if this
 * process is killed.
 */
public final class MemoryLoader implements Loader {
  /** Maximum number of threads; more would not help, since they saturate the memory's bandwidth. */
  private static final int MAX_THREADS = 4;

  private final PageStore save;
  private final Destination destination;
  private final OptionalInt process;
  private final TransferCounters counters;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private Optional<RunGuard> guard = Optional.empty();
  private Optional<WaitingMemory> memory = Optional.empty();
  private Optional<StreamLoader> rest = Optional.empty();

  /** Whether pages have been written. */
  private boolean memoryWritten;

  /**
   * Prepares.
   *
   * @param process id of QEMU's process; empty for the one that listens on the socket
   */
  public MemoryLoader(
      PageStore save,
      Destination destination,
      OptionalInt process,
      TransferCounters counters,
      TransferListener listener,
      Cancellation cancellation) {
    this.save = save;
    this.destination = destination;
    this.process = process;
    this.counters = counters;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  @Override
  public boolean mappedRam() {
    return false;
  }

  /**
   * Finds QEMU's memory, in which nothing is written yet.
   *
   * @return why that can't be done; empty if it was
   */
  public Optional<MemoryObstacle> obstacle() {
    try {
      find();
      return Optional.empty();
    } catch (CancelledException | LateAnswerException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      return Optional.of(MemoryObstacle.of(e));
    }
  }

  /**
   * Finds QEMU's memory, unless that was done.
   *
   * @throws FixedRamException if that can't be done
   */
  public void find() {
    if (memory.isEmpty()) {
      memory =
          Optional.of(
              WaitingMemory.open(destination.qmp(), process, save.name(), save.header().blocks()));
    }
  }

  @Override
  public void start() {
    Set<RamBlock> written;
    try (WaitingMemory found = memory.orElseThrow()) {
      memory = Optional.empty();
      written = found.direct();
      PageShares shares = new PageShares(save);
      for (RamBlock block : written) {
        PageMap map = save.pages(block);
        shares.add(map, 0, map.pages());
      }
      arm(found);
      found.requireWaiting();
      memoryWritten = true;
      write(shares, found);
    }
    StreamLoader stream =
        new StreamLoader(save.without(written), destination, counters, cancellation);
    rest = Optional.of(stream);
    stream.start();
  }

  @Override
  public boolean mustEndAfterFailure() {
    return memoryWritten;
  }

  private void arm(WaitingMemory found) {
    guard =
        destination.qmp().endpoint() instanceof Endpoint.Unix unix
            ? RunGuard.armToEnd(
                unix.path(), destination.qmp().peerProcess().orElse(found.processId()))
            : Optional.empty();
    if (guard.isEmpty()) {
      listener.warning(
          "no guard could be started, which takes perl: if this program is killed, QEMU stays with"
              + " a part of the guest in its memory");
    }
  }

  private void write(PageShares shares, WaitingMemory found) {
    counters.begin(save.header().blocks().totalBytes());
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_THREADS);
    try {
      shares.send(threads, () -> CountingSink.pages(found.sink(), counters, cancellation));
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      throw explained(e, found);
    }
    found.finish();
  }

  /** The failure, or that QEMU is gone, if that is the cause. */
  private static FixedRamException explained(FixedRamException failure, WaitingMemory found) {
    try {
      found.requireWaiting();
    } catch (QemuGoneException e) {
      e.addSuppressed(failure);
      return e;
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  @Override
  public void feed() {
    rest.orElseThrow().feed();
  }

  @Override
  public void loaded() {
    guard.ifPresent(RunGuard::dismiss);
    guard = Optional.empty();
  }

  /**
   * Releases QEMU's memory. The guard ends a QEMU that has a part of the guest in its memory,
   * unless this process started it, which then kills it.
   */
  @Override
  public void close() {
    rest.ifPresent(StreamLoader::close);
    boolean left = memoryWritten && destination.process().isEmpty();
    guard.ifPresent(left ? RunGuard::act : RunGuard::dismiss);
    guard = Optional.empty();
    memory.ifPresent(WaitingMemory::close);
    memory = Optional.empty();
  }
}
