// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.parallel.PageShares;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveFile;
import io.fixedram.store.Saves;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Loads a save into guest memory: completely, or single blocks and ranges. The save's blocks are
 * compared with those of the memory when the load is opened, before anything is written. Pages that
 * are zero in the save are made zero, whatever their content was.
 *
 * <p>If a load fails or is cancelled, the memory is partly overwritten and the guest must not run
 * on it. Not thread-safe, except {@link #cancel} and {@link #loadedBytes}. No other thread may
 * write the memory during a load.
 */
public final class MemoryLoad implements AutoCloseable {
  private final PageStore store;
  private final GuestMemory memory;
  private final List<RamBlock> targets;
  private final Cancellation cancellation = new Cancellation();
  private final AtomicLong loadedBytes = new AtomicLong();
  private final TransferCounters streamed = new TransferCounters();

  private MemoryLoad(PageStore store, GuestMemory memory) {
    this.store = store;
    this.memory = memory;
    this.targets = BlockMatch.match(store.header().blocks(), memory);
  }

  /**
   * Opens a save of any format, made with any capabilities.
   *
   * @throws FixedRamException if the save can't be read, or its blocks differ from the memory's
   */
  public static MemoryLoad open(Path file, GuestMemory memory) {
    return open(Saves.open(file), memory);
  }

  /**
   * Opens a save that must have the format given by capabilities.
   *
   * @throws FixedRamException if the save can't be read, has another format, or its blocks differ
   *     from the memory's
   */
  public static MemoryLoad open(Path file, GuestMemory memory, MigrationCapabilities capabilities) {
    PageStore store = Saves.open(file);
    SaveFormat wanted = capabilities.format();
    SaveFormat format = store.file().map(SaveFile::format).orElse(wanted);
    if (format != wanted) {
      store.close();
      throw new FixedRamException(
          "cannot load "
              + file
              + ": it was saved with "
              + switches(format)
              + ", and this load has "
              + switches(wanted)
              + "; set the capabilities as they were for the save");
    }
    return open(store, memory);
  }

  /**
   * Prepares to load from an open store. The store is closed with this object, or at once if this
   * method fails.
   *
   * @throws FixedRamException if the store's blocks differ from the memory's
   */
  public static MemoryLoad open(PageStore store, GuestMemory memory) {
    try {
      return new MemoryLoad(store, memory);
    } catch (RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  private static String switches(SaveFormat format) {
    return format == SaveFormat.STREAM
        ? "both fixed-ram and mapped-ram off"
        : format.text() + " on";
  }

  /**
   * Makes the current load and all later ones fail with a {@link CancelledException}. May be called
   * by any thread.
   */
  public void cancel() {
    cancellation.cancel();
  }

  /** Bytes of pages loaded so far, including zero pages; pages repeated in a stream count again. */
  public long loadedBytes() {
    return loadedBytes.get() + streamed.dataBytes() + streamed.zeroBytes();
  }

  /** The header of the save. */
  public SaveHeader header() {
    return store.header();
  }

  /**
   * Loads the whole save.
   *
   * @param threads number of threads including the calling one, at least 1; a store without random
   *     access is read by one thread
   * @return the device state
   * @throws CancelledException if {@link #cancel} was called
   * @throws FixedRamException if the save is damaged or incomplete; if it is a fixed-offset file,
   *     nothing has been written then
   */
  public DeviceState load(int threads) {
    if (!store.isRandomAccess()) {
      return loadInOrder();
    }
    DeviceState state = store.deviceState();
    PageShares shares = new PageShares(store);
    for (RamBlock block : store.blocks()) {
      PageMap map = store.pages(block);
      shares.add(map, 0, map.pages());
    }
    send(shares, threads);
    return state;
  }

  private DeviceState loadInOrder() {
    try (MemorySink sink = new MemorySink(memory);
        CountingSink counting = new CountingSink(sink, streamed, cancellation)) {
      store.sendTo(counting);
      return sink.deviceState();
    }
  }

  /**
   * Loads a part of one block and touches nothing else.
   *
   * @param offset offset in the block in bytes, a multiple of the target page size
   * @param lengthBytes length in bytes, a multiple of the target page size
   * @param threads number of threads including the calling one, at least 1
   * @throws FixedRamException if the save has no such pages
   */
  public void loadRange(String name, long offset, long lengthBytes, int threads) {
    RamBlock block = block(name);
    long usedLength = block.usedLength();
    int pageSize = memory.blocks().targetPageSize();
    if (offset < 0 || lengthBytes < 0 || offset > usedLength - lengthBytes) {
      throw new FixedRamException(
          "cannot load "
              + lengthBytes
              + " bytes at offset "
              + offset
              + " of RAM block "
              + name
              + ": it has "
              + usedLength);
    }
    if ((offset | lengthBytes) % pageSize != 0) {
      throw new FixedRamException(
          "cannot load "
              + lengthBytes
              + " bytes at offset "
              + offset
              + " of RAM block "
              + name
              + ": both must be multiples of the page size, "
              + pageSize);
    }
    PageShares shares = new PageShares(store);
    shares.add(store.pages(block), offset / pageSize, (offset + lengthBytes) / pageSize);
    send(shares, threads);
  }

  private RamBlock block(String name) {
    return store
        .header()
        .blocks()
        .byName(name)
        .orElseThrow(() -> new FixedRamException(store.name() + " has no RAM block named " + name));
  }

  private void send(PageShares shares, int threads) {
    try (GuestMemory.Use _ = memory.use("load")) {
      shares.send(threads, PagesToMemory::new);
    }
  }

  private final class PagesToMemory implements PageSink {
    private final BlockWriter writer = new BlockWriter(memory);

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      cancellation.throwIfCancelled();
      writer.data(targets.get(block.index()), offset, from, fromOffset, lengthBytes);
      loadedBytes.addAndGet(lengthBytes);
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      cancellation.throwIfCancelled();
      writer.zero(targets.get(block.index()), offset, lengthBytes);
      loadedBytes.addAndGet(lengthBytes);
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
