// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.memory.WaitingMemory;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageShares;
import io.fixedram.store.PageStore;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Loader of restore mode memory: several threads write the pages of a save to their places in the
 * memory of a waiting QEMU. The rest is sent to QEMU as a stream: blocks that get their full length
 * only when QEMU loads them, and the devices. If this fails after pages were written, QEMU must
 * end, since other loads expect memory that they don't write to be empty.
 */
public final class MemoryLoader implements Loader {
  /** Maximum number of threads; more would not help, since they saturate the memory's bandwidth. */
  private static final int MAX_THREADS = 4;

  private final PageStore save;
  private final Destination destination;
  private final OptionalInt process;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private Optional<WaitingMemory> memory = Optional.empty();
  private Optional<StreamLoader> rest = Optional.empty();

  /** Whether pages have been written. */
  private boolean spoils;

  /**
   * Prepares.
   *
   * @param process QEMU's, where another one made its socket
   */
  public MemoryLoader(
      PageStore save,
      Destination destination,
      OptionalInt process,
      TransferCounters counters,
      Cancellation cancellation) {
    this.save = save;
    this.destination = destination;
    this.process = process;
    this.counters = counters;
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
      memory = Optional.of(WaitingMemory.open(destination.qmp(), process, save.header().blocks()));
      return Optional.empty();
    } catch (CancelledException | LateAnswerException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      return Optional.of(MemoryObstacle.of(e));
    }
  }

  @Override
  public void start() {
    Set<RamBlock> written;
    try (WaitingMemory found = open()) {
      memory = Optional.empty();
      written = found.direct();
      PageShares shares = new PageShares(save);
      for (RamBlock block : written) {
        PageMap map = save.pages(block);
        shares.add(map, 0, map.pages());
      }
      found.requireWaiting();
      spoils = true;
      write(shares, found);
    }
    StreamLoader stream =
        new StreamLoader(save.without(written), destination, counters, cancellation);
    rest = Optional.of(stream);
    stream.start();
  }

  @Override
  public boolean spoilsDestination() {
    return spoils;
  }

  private WaitingMemory open() {
    return memory.orElseGet(
        () -> WaitingMemory.open(destination.qmp(), process, save.header().blocks()));
  }

  private void write(PageShares shares, WaitingMemory found) {
    counters.begin(save.header().blocks().totalBytes());
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_THREADS);
    shares.send(threads, () -> CountingSink.pages(found.sink(), counters, cancellation));
    found.finish();
  }

  @Override
  public void feed() {
    rest.orElseThrow().feed();
  }

  @Override
  public void close() {
    rest.ifPresent(StreamLoader::close);
    memory.ifPresent(WaitingMemory::close);
    memory = Optional.empty();
  }
}
