// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.memory.MemoryRefusedException;
import io.fixedram.qemu.memory.WaitingMemory;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageShares;
import io.fixedram.store.PageStore;
import java.util.Optional;

/**
 * The pages of a save are written to their places in the memory of a QEMU that waits, by several
 * threads. QEMU is then sent a stream of what is left: blocks that it has in full length only once
 * it loads them, and the devices. If that comes to nothing after the first page was written, QEMU
 * is told to end: other loads take memory that they don't write for empty.
 */
public final class MemoryLoader implements Loader {
  /** More threads than this find the memory's bandwidth used up. */
  private static final int MAX_THREADS = 4;

  private final PageStore save;
  private final Destination destination;
  private final TransferCounters counters;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private Optional<StreamLoader> rest = Optional.empty();

  public MemoryLoader(
      PageStore save,
      Destination destination,
      TransferCounters counters,
      TransferListener listener,
      Cancellation cancellation) {
    this.save = save;
    this.destination = destination;
    this.counters = counters;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  @Override
  public boolean mappedRam() {
    return false;
  }

  @Override
  public void start() {
    try (WaitingMemory memory = open()) {
      PageShares shares = new PageShares(save);
      for (RamBlock block : memory.direct()) {
        PageMap map = save.pages(block);
        shares.add(map, 0, map.pages());
      }
      try {
        write(shares, memory);
        StreamLoader stream =
            new StreamLoader(save.without(memory.direct()), destination, counters, cancellation);
        rest = Optional.of(stream);
        stream.start();
      } catch (RuntimeException | Error e) {
        giveUp(memory, e);
        throw e;
      }
    }
  }

  private WaitingMemory open() {
    try {
      return WaitingMemory.open(destination.qmp(), save.header().blocks());
    } catch (MemoryRefusedException e) {
      throw e.with(Remedy.RESTORE_BY_STREAM);
    }
  }

  private void giveUp(WaitingMemory memory, Throwable reason) {
    memory.quit(reason);
    if (destination.process().isEmpty()) {
      listener.warning(
          "QEMU at "
              + destination.qmp().endpoint()
              + " was told to end, since a part of the guest is in its memory");
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
