// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StoreState;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.fixed.FixedLayout;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.Errno;
import io.fixedram.seal.DamageList;
import io.fixedram.seal.PrintCheck;
import io.fixedram.seal.SealedBlock;
import io.fixedram.seal.SealedFile;
import io.fixedram.seal.SealedPart;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is left of a damaged save: pages that are not as they were written, or that the disk can't
 * read, are lost, and read as zeros; a damaged manifest is left out. All other pages are those of
 * the guest. Header and device state must be whole. The signature is not checked.
 *
 * <p>Methods may be called as those of every {@link PageStore}; what is lost is known once all
 * pages were read.
 */
public final class SalvagedSave implements PageStore {
  private final ByteStore bytes;
  private final SealedFile sealed;
  private final FixedStore whole;
  private final DamageList damage = new DamageList();

  /** By the index of the block; determined when they are first needed. */
  private final Map<Integer, PageMap> maps = new HashMap<>();

  private SalvagedSave(ByteStore bytes, SealedFile sealed, FixedStore whole) {
    this.bytes = bytes;
    this.sealed = sealed;
    this.whole = whole;
  }

  /**
   * Opens a damaged save.
   *
   * @throws DamagedSaveException if its footer, header or device state is damaged, so that nothing
   *     can be had of it
   * @throws FixedRamException if it is not sealed, so that damaged pages can't be told from others
   * @throws StorageException if the file can't be read
   */
  public static SalvagedSave open(Path path) {
    LocalFile bytes = LocalFile.open(path);
    try {
      return open(
          bytes, SealedFile.open(bytes, Optional.empty()).orElseThrow(() -> notSealed(path)));
    } catch (RuntimeException | Error e) {
      bytes.close();
      throw e;
    }
  }

  /** Opens a damaged save in a store, which it owns then. */
  static SalvagedSave open(ByteStore bytes, SealedFile sealed) {
    sealed.checkHeadsOfThisSave();
    Envelope.Body body = new Envelope.Body(sealed.bytes(), 0);
    FixedLayout layout =
        Saves.layout(body)
            .orElseThrow(
                () -> new DamagedSaveException(bytes.name() + " has a footer, but is a stream"));
    FixedStore whole = FixedStore.read(body, layout, Optional.of(sealed));
    SalvagedSave save = new SalvagedSave(bytes, sealed, whole);
    // Without devices, a guest's memory can't be restored.
    var _ = save.deviceState();
    return save;
  }

  private static FixedRamException notSealed(Path path) {
    try (PageStore store = Saves.open(path)) {
      // Fails where a footer was lost.
      var _ = store.deviceState();
      return new FixedRamException(
          path + " has no fingerprints, by which its good pages could be told from damaged ones");
    }
  }

  /** What was found damaged so far: the first ranges. */
  public List<DamagedRange> damage() {
    return damage.first();
  }

  /** Number of all damaged ranges so far. */
  public long damagedRanges() {
    return damage.count();
  }

  /** Bytes of all damaged ranges so far. */
  public long damagedBytes() {
    return damage.bytes();
  }

  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public SaveHeader header() {
    return whole.header();
  }

  @Override
  public Optional<SaveFile> file() {
    return whole.file();
  }

  @Override
  public DeviceState deviceState() {
    return whole.deviceState();
  }

  @Override
  public StoreState state() {
    return whole.state();
  }

  @Override
  public int parallelReads() {
    return whole.parallelReads();
  }

  /** {@inheritDoc} Empty if it is damaged. */
  @Override
  public Optional<String> manifest() {
    try {
      return whole.manifest();
    } catch (DamagedSaveException e) {
      e.range().ifPresent(damage::add);
      return Optional.empty();
    } catch (StorageException e) {
      requireUnreadable(e);
      sealed
          .seal()
          .find(SealedPart.MANIFEST, SealedPart.NO_BLOCK)
          .ifPresent(part -> damage.add(sealed.seal().range(part).unreadable()));
      return Optional.empty();
    }
  }

  @Override
  public PageMap pages(RamBlock block) {
    synchronized (maps) {
      return maps.computeIfAbsent(block.index(), _ -> find(block));
    }
  }

  /** A block with a damaged bitmap is read completely. */
  private PageMap find(RamBlock block) {
    SealedPart bitmap = sealed.seal().get(SealedPart.BITMAP, block.index());
    try {
      if (sealed.isWhole(bitmap, new Cancellation())) {
        return whole.listedPages(block);
      }
      damage.add(sealed.seal().range(bitmap));
    } catch (StorageException e) {
      requireUnreadable(e);
      damage.add(sealed.seal().range(bitmap).unreadable());
    }
    PageBitmap all = new PageBitmap(header().blocks().pages(block));
    all.set(0, all.pages());
    return new PageMap(block, all);
  }

  private static void requireUnreadable(StorageException failure) {
    if (failure.errno() != Errno.EIO.number()) {
      throw failure;
    }
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    SealedBlock block = sealed.seal().blocks().get(map.block().index());
    PrintCheck prints = sealed.printsAsTheyAre(block);
    int pageSize = map.pageSize();
    for (long page = first; page < end; page += PrintCheck.PIECE_PAGES) {
      long after = Math.min(end, page + PrintCheck.PIECE_PAGES);
      long at = offset + (page - first) * pageSize;
      try {
        read(map, prints, page, after, into, at);
      } catch (StorageException e) {
        requireUnreadable(e);
        for (long each = page; each < after; each++) {
          readOne(map, prints, each, into, offset + (each - first) * pageSize);
        }
      }
    }
    return true;
  }

  private void read(
      PageMap map, PrintCheck prints, long first, long end, MemorySegment into, long offset) {
    BlockPlace place = whole.place(map.block()).orElseThrow();
    int pageSize = map.pageSize();
    bytes.readFully(place.pagesOffset() + first * pageSize, into, offset, (end - first) * pageSize);
    prints.compare(
        first,
        end,
        into,
        offset,
        (page, count) -> {
          lose(into, offset + (page - first) * pageSize, count * pageSize);
          damage.add(prints.range(page, count, false));
        });
  }

  private void readOne(PageMap map, PrintCheck prints, long page, MemorySegment into, long offset) {
    try {
      read(map, prints, page, page + 1, into, offset);
    } catch (StorageException e) {
      requireUnreadable(e);
      lose(into, offset, map.pageSize());
      damage.add(prints.range(page, 1, false).unreadable());
    }
  }

  private static void lose(MemorySegment into, long offset, long lengthBytes) {
    into.asSlice(offset, lengthBytes).fill((byte) 0);
  }

  @Override
  public void close() {
    whole.close();
  }
}
