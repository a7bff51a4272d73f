// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.ZeroPages;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveSeal;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.parallel.SharedWork;
import io.fixedram.seal.SaveIds;
import io.fixedram.seal.Seal;
import io.fixedram.seal.SealWriter;
import io.fixedram.seal.TableHead;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Seals a fixed-offset file that was written without a seal, in place: tables of fingerprints
 * behind the device state, then the footer, then the heads of the tables (docs/format.md, "The
 * order of writes"). Memory: 1 MiB for each thread.
 */
public final class Sealing {
  private static final long SHARE_BYTES = 16 << 20;
  private static final int BUFFER_BYTES = 1 << 20;

  /** Room between the device state and the first table, so that no reader takes it for a part. */
  private static final int GAP_BYTES = 64;

  /** Maximum bytes between the last page and the device state: the end of the section "ram". */
  private static final int MAX_BEFORE_DEVICES_BYTES = 1 << 16;

  private final Descriptor descriptor;
  private final LocalFile bytes;
  private final RamBlocks blocks;
  private final List<BlockPlace> places;
  private final long devicesEnd;
  private final Cancellation cancellation;
  private final UUID id = SaveIds.random();
  private final Optional<SigningKey> key;
  private final PrintKind prints;

  /** Pages of a block whose fingerprints one thread computes. */
  private record Share(BlockPlace place, long table, long first, long end) {}

  private Sealing(
      Descriptor descriptor,
      LocalFile bytes,
      PageStore store,
      DeviceState devices,
      Optional<SigningKey> key,
      Cancellation cancellation) {
    this.descriptor = descriptor;
    this.bytes = bytes;
    this.blocks = store.header().blocks();
    this.places = store.places();
    this.devicesEnd = devicesEnd(devices);
    this.key = key;
    this.prints = SealWriter.prints(key);
    this.cancellation = cancellation;
  }

  /**
   * Seals a file.
   *
   * @param threads number of threads, at least 1
   * @param key signs the file; empty if it is not to be signed
   * @throws FixedRamException if the file is sealed already, or its layout can't be sealed
   * @throws DamagedSaveException if the file is not a save or not complete
   * @throws StorageException if the file can't be written, or another process uses it
   * @throws CancelledException if cancelled; the file is as it was
   */
  public static SealReport run(
      Path path, int threads, Optional<SigningKey> key, Cancellation cancellation) {
    return run(SystemCalls.linux(), path, threads, key, cancellation);
  }

  /** Seals a file that is not to be signed. */
  public static SealReport run(Path path, int threads, Cancellation cancellation) {
    return run(path, threads, Optional.empty(), cancellation);
  }

  /** Seals a file through the given system calls, for tests of faults. */
  static SealReport run(
      SystemCalls calls,
      Path path,
      int threads,
      Optional<SigningKey> key,
      Cancellation cancellation) {
    try (Descriptor descriptor = Descriptor.open(calls, real(path), Descriptor.Mode.EXISTING)) {
      if (!descriptor.locks().tryLockIfSupported(false)) {
        throw new StorageException(
            "cannot seal " + path + ": guests run on it, or another process has it locked",
            Errno.EBUSY.number());
      }
      try (LocalFile bytes = LocalFile.open(descriptor.path());
          PageStore store = Saves.open(descriptor.path())) {
        checkSealable(path, store, key.isPresent());
        return new Sealing(descriptor, bytes, store, store.deviceState(), key, cancellation)
            .run(threads);
      }
    }
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw new StorageException(
          "cannot open " + path + ": it does not exist or can't be reached", e);
    }
  }

  private static void checkSealable(Path path, PageStore store, boolean signs) {
    Optional<SaveSeal> seal = store.seal();
    if (seal.isPresent()) {
      String sealed = path + " is sealed already: its id is " + seal.get().id();
      throw signs
          ? new FixedRamException(
              sealed + "; only a file that is not sealed is signed in place", Remedy.SIGN_A_COPY)
          : new FixedRamException(sealed);
    }
    int count = store.header().blocks().list().size();
    if (store.places().size() < count || store.localFile().isEmpty()) {
      throw new UnsupportedSaveException(
          path + " can't be sealed: it is a stream, whose pages have no fixed places",
          Remedy.CONVERT_TO_MAPPED_RAM);
    }
    if (store.deviceState().description().isEmpty()) {
      // Bytes behind it, which a crash would leave, could not be told from it.
      throw new UnsupportedSaveException(
          path + " can't be sealed in place: its device state has no description",
          Remedy.CONVERT_TO_MAPPED_RAM);
    }
    if (count > Seal.MAX_BLOCKS) {
      throw new UnsupportedSaveException(
          path + " can't be sealed: it has " + count + " RAM blocks, more than " + Seal.MAX_BLOCKS);
    }
  }

  /**
   * The end of the device state: its bytes are searched behind the last page, since its beginning
   * is not recorded anywhere.
   */
  private long devicesEnd(DeviceState devices) {
    long from = places.isEmpty() ? 0 : places.getLast().end();
    long size = devices.sizeBytes();
    try (Arena arena = Arena.ofConfined()) {
      long length = Math.min(bytes.sizeBytes() - from, size + MAX_BEFORE_DEVICES_BYTES);
      MemorySegment found = arena.allocate(Math.max(length, 1));
      bytes.readFully(from, found, 0, length);
      for (long at = 0; at + size <= length; at++) {
        if (MemorySegment.mismatch(found, at, at + size, devices.bytes(), 0, size) < 0) {
          return from + at + size;
        }
      }
    }
    throw new DamagedSaveException(
        bytes.name() + " changed while it was read; try again when nobody writes it");
  }

  private SealReport run(int threads) {
    long oldSize = bytes.sizeBytes();
    List<Long> tables = new ArrayList<>();
    long next = TablePlace.aligned(Math.max(oldSize, devicesEnd + GAP_BYTES));
    for (BlockPlace place : places) {
      tables.add(next);
      next = TablePlace.aligned(next + blocks.pages(place.block()) * prints.bytes());
    }
    List<OptionalLong> heads = places.stream().map(this::head).toList();
    long newSize;
    try {
      descriptor.setSize(next);
      SharedWork.run(shares(tables), threads, this::worker);
      cancellation.throwIfCancelled();
      descriptor.sync();
      newSize = writeFooter(oldSize, tables, heads, next);
      descriptor.sync();
    } catch (RuntimeException | Error e) {
      takeBack(oldSize, e);
      throw e;
    }
    writeHeads(tables, heads);
    return new SealReport(
        new SaveSeal(
            id,
            SealWriter.writer(),
            key.isPresent() ? SaveSeal.Signature.CHECKED : SaveSeal.Signature.NONE),
        places.size(),
        blocks.totalBytes(),
        newSize - oldSize,
        heads.stream().allMatch(OptionalLong::isPresent));
  }

  /** Gives the file its old end; what was written behind it has no meaning yet. */
  private void takeBack(long oldSize, Throwable failure) {
    try {
      descriptor.setSize(oldSize);
    } catch (StorageException e) {
      failure.addSuppressed(e);
    }
  }

  /** The place of a table's head in front of a block's pages, if it is there and unused. */
  private OptionalLong head(BlockPlace place) {
    OptionalLong head = TablePlace.headOf(place, blocks.targetPageSize());
    if (head.isPresent()) {
      byte[] found = bytes.readFully(head.getAsLong(), TablePlace.HEAD_BYTES);
      if (ZeroPages.isZero(MemorySegment.ofArray(found), 0, found.length)) {
        return head;
      }
    }
    return OptionalLong.empty();
  }

  private List<Share> shares(List<Long> tables) {
    List<Share> shares = new ArrayList<>();
    long limit = SHARE_BYTES / blocks.targetPageSize();
    for (int i = 0; i < places.size(); i++) {
      long pages = blocks.pages(places.get(i).block());
      for (long page = 0; page < pages; page += limit) {
        shares.add(new Share(places.get(i), tables.get(i), page, Math.min(pages, page + limit)));
      }
    }
    return shares;
  }

  private Consumer<Share> worker() {
    MemorySegment buffer = AnonymousMemory.allocateHuge(Arena.ofAuto(), BUFFER_BYTES);
    int atOnce = BUFFER_BYTES / blocks.targetPageSize();
    MemorySegment into = Arena.ofAuto().allocate((long) atOnce * prints.bytes(), Long.BYTES);
    return share -> {
      cancellation.throwIfCancelled();
      int pageSize = blocks.targetPageSize();
      for (long page = share.first; page < share.end; ) {
        long position = share.place.pagesOffset() + page * pageSize;
        OptionalLong data = bytes.nextData(position);
        long hole = data.isPresent() ? (data.getAsLong() - position) / pageSize : share.end - page;
        if (hole > 0) {
          page = Math.min(share.end, page + hole);
          continue;
        }
        long count = Math.min(share.end - page, atOnce);
        bytes.readFully(position, buffer, 0, count * pageSize);
        prints.write(buffer, 0, pageSize, count, into);
        long length = count * prints.bytes();
        if (!ZeroPages.isZero(into, 0, length)) {
          descriptor.write(share.table + page * prints.bytes(), into, 0, length);
        }
        page += count;
      }
    };
  }

  private long writeFooter(long oldSize, List<Long> tables, List<OptionalLong> heads, long end) {
    List<SealWriter.Table> places = new ArrayList<>();
    for (int i = 0; i < tables.size(); i++) {
      places.add(new SealWriter.Table(heads.get(i), tables.get(i)));
    }
    List<long[]> others =
        oldSize > devicesEnd ? List.of(new long[] {devicesEnd, oldSize - devicesEnd}) : List.of();
    return new SealWriter(descriptor, key)
        .write(
            new SealWriter.Content(id, blocks, this.places, places, devicesEnd, others, end),
            Optional.empty(),
            // A last line without the lines before it, after a crash, would be a damaged footer.
            descriptor::sync);
  }

  /** The last step: a file that claims to have a footer has one. */
  private void writeHeads(List<Long> tables, List<OptionalLong> heads) {
    for (int i = 0; i < tables.size(); i++) {
      if (heads.get(i).isPresent()) {
        long pages = blocks.pages(places.get(i).block());
        descriptor.write(
            heads.get(i).getAsLong(), TableHead.of(id, prints, i, pages, tables.get(i)));
      }
    }
    descriptor.sync();
  }
}
