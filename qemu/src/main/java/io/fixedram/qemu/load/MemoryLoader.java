// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.memory.MemoryRefusedException;
import io.fixedram.qemu.memory.WaitingMemory;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageShares;
import io.fixedram.store.PageStore;
import java.util.Optional;
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
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private Optional<StreamLoader> rest = Optional.empty();

  /** Whether pages have been written. */
  private boolean spoils;

  public MemoryLoader(
      PageStore save,
      Destination destination,
      TransferCounters counters,
      Cancellation cancellation) {
    this.save = save;
    this.destination = destination;
    this.counters = counters;
    this.cancellation = cancellation;
  }

  @Override
  public boolean mappedRam() {
    return false;
  }

  @Override
  public void start() {
    Set<RamBlock> written;
    try (WaitingMemory memory = open()) {
      written = memory.direct();
      PageShares shares = new PageShares(save);
      for (RamBlock block : written) {
        PageMap map = save.pages(block);
        shares.add(map, 0, map.pages());
      }
      spoils = true;
      write(shares, memory);
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
    try {
      return WaitingMemory.open(destination.qmp(), save.header().blocks());
    } catch (MemoryRefusedException e) {
      throw e.with(Remedy.RESTORE_BY_STREAM);
    }
  }

  private void write(PageShares shares, WaitingMemory memory) {
    counters.begin(save.header().blocks().totalBytes());
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_THREADS);
    shares.send(threads, () -> CountingSink.pages(memory.sink(), counters, cancellation));
    memory.finish();
  }

  @Override
  public void feed() {
    rest.orElseThrow().feed();
  }

  @Override
  public void close() {
    rest.ifPresent(StreamLoader::close);
  }
}
