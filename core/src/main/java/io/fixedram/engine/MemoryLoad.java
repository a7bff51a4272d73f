// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Cancellation;
import io.fixedram.store.FixedSave;
import io.fixedram.store.Save;
import io.fixedram.store.StreamSave;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A save on disk on its way into guest memory: all of it, or from a fixed-offset file single blocks
 * and ranges. Everything the save says of its blocks is compared with the memory when this is
 * opened, before anything is written. Memory that is zero in the save is made zero, whatever it
 * was.
 *
 * <p>If a load fails or is cancelled, memory is partly overwritten and must not be run. One thread
 * at a time, but for {@link #cancel} and {@link #loadedBytes}; nobody else may write the memory
 * during a load.
 */
public final class MemoryLoad implements AutoCloseable {
  /** Shared out to a thread at a time: read in few calls, and little enough to spread evenly. */
  private static final long SHARE_BYTES = 16 << 20;

  private final Save save;
  private final GuestMemory memory;
  private final List<RamBlock> targets;
  private final Cancellation cancellation = new Cancellation();
  private final AtomicLong loadedBytes = new AtomicLong();
  private final TransferCounters streamed = new TransferCounters();

  private MemoryLoad(Save save, GuestMemory memory) {
    this.save = save;
    this.memory = memory;
    this.targets = BlockMatch.match(save.header().blocks(), memory);
  }

  /**
   * Opens a save of any format, whatever capabilities it was made under.
   *
   * @throws FixedRamException if it can't be read, or its blocks are not the memory's
   */
  public static MemoryLoad open(Path file, GuestMemory memory) {
    return open(Save.open(file), memory);
  }

  /**
   * Opens a save that must have been made under the layout that capabilities say.
   *
   * @throws FixedRamException also if it was made under another one
   */
  public static MemoryLoad open(Path file, GuestMemory memory, MigrationCapabilities capabilities) {
    Save save = Save.open(file);
    SaveFormat wanted = capabilities.format();
    if (save.format() != wanted) {
      save.close();
      throw new FixedRamException(
          "cannot load "
              + file
              + ": it was saved with "
              + switches(save.format())
              + ", and this load has "
              + switches(wanted)
              + "; set the capabilities as they were for the save");
    }
    return open(save, memory);
  }

  private static MemoryLoad open(Save save, GuestMemory memory) {
    try {
      return new MemoryLoad(save, memory);
    } catch (RuntimeException e) {
      save.close();
      throw e;
    }
  }

  private static String switches(SaveFormat format) {
    return format == SaveFormat.STREAM
        ? "both fixed-ram and mapped-ram off"
        : format.text() + " on";
  }

  /** Ends the load under way, and those to come, with a {@link CancelledException}. Any thread. */
  public void cancel() {
    cancellation.cancel();
  }

  /** Bytes of pages loaded so far, zero pages too; those that a stream repeats count again. */
  public long loadedBytes() {
    return loadedBytes.get() + streamed.dataBytes() + streamed.zeroBytes();
  }

  /** What the save says of its guest. */
  public SaveHeader header() {
    return save.header();
  }

  /**
   * Loads all of it.
   *
   * @param threads that read a fixed-offset file, this one among them, one at least; a stream takes
   *     one
   * @return the state of the devices
   * @throws CancelledException if that was asked for
   * @throws FixedRamException if the file is damaged or incomplete, of a fixed-offset file before
   *     anything is written
   */
  public DeviceState load(int threads) {
    return switch (save) {
      case StreamSave stream -> load(stream);
      case FixedSave fixed -> {
        DeviceState state = fixed.deviceState();
        List<Share> shares = new ArrayList<>();
        fixed
            .places()
            .forEach(place -> {
              PageBitmap bitmap = fixed.bitmap(place);
              addShares(shares, place, bitmap, 0, bitmap.pages());
            });
        send(fixed, shares, threads);
        yield state;
      }
    };
  }

  private DeviceState load(StreamSave stream) {
    try (MemorySink sink = new MemorySink(memory);
        CountingSink counting = new CountingSink(sink, streamed, cancellation)) {
      stream.sendTo(counting);
      return sink.deviceState();
    }
  }

  /**
   * Loads one block and leaves the others alone.
   *
   * @param threads that read, this one among them, one at least
   * @throws FixedRamException if the save has no such block, or is a stream
   */
  public void loadBlock(String name, int threads) {
    FixedSave fixed = fixed();
    loadRange(name, 0, place(fixed, name).block().usedLength(), threads);
  }

  /**
   * Loads a part of one block and leaves all else alone.
   *
   * @param offset where in the block, a multiple of the target page size
   * @param lengthBytes a multiple of the target page size
   * @param threads that read, this one among them, one at least
   * @throws FixedRamException if the save has no such pages, or is a stream
   */
  public void loadRange(String name, long offset, long lengthBytes, int threads) {
    FixedSave fixed = fixed();
    BlockPlace place = place(fixed, name);
    long usedLength = place.block().usedLength();
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
    List<Share> shares = new ArrayList<>();
    addShares(
        shares, place, fixed.bitmap(place), offset / pageSize, (offset + lengthBytes) / pageSize);
    send(fixed, shares, threads);
  }

  private FixedSave fixed() {
    return switch (save) {
      case FixedSave fixed -> fixed;
      case StreamSave stream ->
          throw new UnsupportedSaveException(
              "cannot load a part of "
                  + stream.path()
                  + ": its pages come in the order of a stream; load all of it, or convert it to"
                  + " mapped-ram or fixed-ram");
    };
  }

  private static BlockPlace place(FixedSave fixed, String name) {
    return fixed.places().stream()
        .filter(place -> place.block().name().equals(name))
        .findFirst()
        .orElseThrow(() -> new FixedRamException(fixed.path() + " has no RAM block named " + name));
  }

  /** A run of pages for one thread. */
  private record Share(BlockPlace place, PageBitmap bitmap, long first, long count) {}

  private void addShares(
      List<Share> shares, BlockPlace place, PageBitmap bitmap, long from, long end) {
    long most = SHARE_BYTES / memory.blocks().targetPageSize();
    for (long first = from; first < end; first += most) {
      shares.add(new Share(place, bitmap, first, Math.min(most, end - first)));
    }
  }

  private void send(FixedSave fixed, List<Share> shares, int threads) {
    try (GuestMemory.Use _ = memory.use("load")) {
      SharedWork.run(
          shares,
          threads,
          share ->
              fixed.sendPages(
                  share.place, share.bitmap, share.first, share.count, new PagesToMemory()));
    }
  }

  /** Writes pages of a file that neither begins nor ends its sink. */
  private final class PagesToMemory implements PageSink {
    private final BlockWriter writer = new BlockWriter(memory);

    @Override
    public void begin(SaveHeader header) {}

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

    @Override
    public void end(DeviceState state) {}

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    save.close();
  }
}
