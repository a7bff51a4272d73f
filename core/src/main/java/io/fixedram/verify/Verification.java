// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.ZeroPages;
import io.fixedram.key.SigningKey;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Errno;
import io.fixedram.parallel.SharedWork;
import io.fixedram.seal.DamageList;
import io.fixedram.seal.PartDigest;
import io.fixedram.seal.PrintCheck;
import io.fixedram.seal.Seal;
import io.fixedram.seal.SealedBlock;
import io.fixedram.seal.SealedFile;
import io.fixedram.seal.SealedPart;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Verification of every byte of a sealed file: pages, parts, and that everything else reads as
 * zeros. Holes are not read. What the disk can't read is damaged. Memory: 1 MiB for each thread.
 */
public final class Verification {
  private static final int BUFFER_BYTES = 1 << 20;

  /** Length of ranges that are read one by one where a longer one can't be read. */
  private static final int SECTOR_BYTES = 4096;

  private final ByteStore bytes;
  private final SealedFile file;
  private final Seal seal;
  private final Cancellation cancellation;
  private final DamageList damage = new DamageList();
  private final AtomicLong readBytes = new AtomicLong();

  /** Blocks whose table is damaged: a page there may be whole. */
  private final Set<Integer> damagedTables = new HashSet<>();

  /** Blocks with pages that don't fit their fingerprints. */
  private final Set<Integer> damagedBlocks = ConcurrentHashMap.newKeySet();

  private Verification(ByteStore bytes, SealedFile file, Cancellation cancellation) {
    this.bytes = bytes;
    this.file = file;
    this.seal = file.seal();
    this.cancellation = cancellation;
  }

  /** Verifies a file that need not be signed. */
  public static VerificationReport run(Path path, int threads, Cancellation cancellation) {
    return run(path, threads, Optional.empty(), cancellation);
  }

  /**
   * Verifies a file.
   *
   * @param threads number of threads, at least 1
   * @param key the file must be signed with it; empty if it need not be signed
   * @throws UntrustedSaveException if it is not signed with the key
   * @throws DamagedSaveException if the file is not a save, or its footer is missing or damaged, so
   *     that nothing else can be verified
   * @throws FixedRamException if the file is not sealed ({@link Remedy#SEAL})
   * @throws StorageException if the file can't be read
   * @throws CancelledException if cancelled
   */
  public static VerificationReport run(
      Path path, int threads, Optional<SigningKey> key, Cancellation cancellation) {
    try (LocalFile bytes = LocalFile.open(path)) {
      return run(bytes, threads, key, cancellation);
    }
  }

  /** Verifies an open file, which stays open if nothing fails. */
  public static VerificationReport run(
      LocalFile bytes, int threads, Optional<SigningKey> key, Cancellation cancellation) {
    SealedFile file = SealedFile.open(bytes, key).orElseThrow(() -> notSealed(bytes.path()));
    return run(bytes, file, threads, cancellation);
  }

  /** Verifies a file in a store, which stays open if nothing fails. */
  static VerificationReport run(
      ByteStore bytes, SealedFile file, int threads, Cancellation cancellation) {
    return new Verification(bytes, file, cancellation).run(threads);
  }

  /** The failure for a file without a footer, which may have lost it, or be no save at all. */
  private static FixedRamException notSealed(Path path) {
    try (PageStore store = Saves.open(path)) {
      // Fails where a footer was lost.
      store.deviceState();
      return new FixedRamException(
          path + " can't be verified: it has no fingerprints of its pages", Remedy.SEAL);
    }
  }

  private VerificationReport run(int threads) {
    seal.parts().forEach(this::verify);
    seal.blocks().forEach(this::verifyHead);
    SharedWork.run(Share.of(bytes, file), threads, this::worker);
    damagedTables.removeAll(damagedBlocks);
    damagedTables.forEach(block -> damage.add(seal.range(seal.get(SealedPart.TABLE, block))));
    if (damage.count() == 0) {
      // The blocks of the header must be those of the footer. Not closed, as the file stays open.
      Saves.open(bytes, List.of()).deviceState();
    }
    bytes.state().throwIfChanged(bytes.name());
    return new VerificationReport(
        bytes.name(),
        file.saveSeal(),
        bytes.sizeBytes(),
        readBytes.get(),
        damage.first(),
        damage.count(),
        damage.bytes());
  }

  private void verify(SealedPart part) {
    PartDigest.Input counted =
        new PartDigest.Input(
            (position, into, offset, length) -> {
              long count = bytes.read(position, into, offset, length);
              readBytes.addAndGet(count);
              return count;
            },
            bytes::nextData,
            bytes.name());
    try {
      String digest =
          PartDigest.of(seal.prints(), counted, part.offset(), part.lengthBytes(), cancellation);
      if (!digest.equals(part.digest())) {
        damaged(part, seal.range(part));
      }
    } catch (StorageException e) {
      requireUnreadable(e);
      damaged(part, seal.range(part).unreadable());
    }
  }

  private void damaged(SealedPart part, DamagedRange range) {
    if (part.kind().equals(SealedPart.TABLE)) {
      damagedTables.add(part.block());
    } else {
      damage.add(range);
    }
  }

  private void verifyHead(SealedBlock block) {
    if (block.headOffset().isEmpty()) {
      return;
    }
    DamagedRange range =
        DamagedRange.ofBlock(
            "the head of the table of fingerprints",
            block.name(),
            block.headOffset().getAsLong(),
            TablePlace.HEAD_BYTES);
    try {
      if (file.damagedHead(block).isPresent()) {
        damage.add(range);
      }
    } catch (StorageException e) {
      requireUnreadable(e);
      damage.add(range.unreadable());
    }
  }

  /** Throws failures that say nothing of what is on the disk. */
  private static void requireUnreadable(StorageException failure) {
    if (failure.errno() != Errno.EIO.number()) {
      throw failure;
    }
  }

  private Consumer<Share> worker() {
    MemorySegment buffer = AnonymousMemory.allocateHuge(Arena.ofAuto(), BUFFER_BYTES);
    return share -> {
      cancellation.throwIfCancelled();
      switch (share) {
        case Share.Pages pages -> verify(pages, buffer);
        case Share.Zeros zeros -> verify(zeros, buffer);
      }
    };
  }

  private void verify(Share.Pages share, MemorySegment buffer) {
    long limit = Math.min(PrintCheck.PIECE_PAGES, BUFFER_BYTES / seal.pageSize());
    for (long page = share.first(); page < share.end(); ) {
      cancellation.throwIfCancelled();
      long next = Math.min(share.end(), page + limit);
      try {
        next = verify(share, page, next, buffer);
      } catch (StorageException e) {
        requireUnreadable(e);
        for (long each = page; each < next; each++) {
          verifyOne(share, each, buffer);
        }
      }
      page = next;
    }
  }

  /** Verifies some pages, and returns the page after them. */
  private long verify(Share.Pages share, long page, long end, MemorySegment buffer) {
    int pageSize = seal.pageSize();
    long position = share.block().pagesOffset() + page * pageSize;
    boolean ofTable = damagedTables.contains(share.block().index());
    PrintCheck.Damage found = (first, count) -> damaged(share, first, count, ofTable);
    OptionalLong data = bytes.nextData(position);
    long next =
        data.isPresent() ? Math.min(end, page + (data.getAsLong() - position) / pageSize) : end;
    if (next > page) {
      share.prints().compareZero(page, next, found);
      return next;
    }
    long length = (end - page) * pageSize;
    bytes.readFully(position, buffer, 0, length);
    readBytes.addAndGet(length);
    share.prints().compare(page, end, buffer, 0, found);
    return end;
  }

  private void damaged(Share.Pages share, long first, long count, boolean ofTable) {
    damagedBlocks.add(share.block().index());
    damage.add(share.prints().range(first, count, ofTable));
  }

  /** Verifies a page beside others that can't be read. */
  private void verifyOne(Share.Pages share, long page, MemorySegment buffer) {
    int pageSize = seal.pageSize();
    long position = share.block().pagesOffset() + page * pageSize;
    boolean read = false;
    try {
      bytes.readFully(position, buffer, 0, pageSize);
      read = true;
      boolean ofTable = damagedTables.contains(share.block().index());
      share
          .prints()
          .compare(
              page, page + 1, buffer, 0, (first, count) -> damaged(share, first, count, ofTable));
    } catch (StorageException e) {
      damagedBlocks.add(share.block().index());
      requireUnreadable(e);
      damage.add(share.prints().range(page, 1, read).unreadable());
    }
  }

  private void verify(Share.Zeros share, MemorySegment buffer) {
    for (long at = share.from(); at < share.end(); ) {
      OptionalLong data = bytes.nextData(at);
      if (data.isEmpty() || data.getAsLong() >= share.end()) {
        return;
      }
      at = Math.max(at, data.getAsLong());
      cancellation.throwIfCancelled();
      long length = Math.min(BUFFER_BYTES, share.end() - at);
      try {
        verifyZeros(at, length, buffer);
      } catch (StorageException e) {
        requireUnreadable(e);
        verifySectors(at, length, buffer);
      }
      at += length;
    }
  }

  private void verifySectors(long from, long lengthBytes, MemorySegment buffer) {
    for (long done = 0; done < lengthBytes; ) {
      // Up to the end of the sector.
      long at = from + done;
      long length = Math.min(SECTOR_BYTES - at % SECTOR_BYTES, lengthBytes - done);
      try {
        verifyZeros(at, length, buffer);
      } catch (StorageException e) {
        requireUnreadable(e);
        damage.add(notZero(at, length).unreadable());
      }
      done += length;
    }
  }

  private static DamagedRange notZero(long at, long lengthBytes) {
    return DamagedRange.of("a range that must be zeros", at, lengthBytes);
  }

  private void verifyZeros(long at, long length, MemorySegment buffer) {
    bytes.readFully(at, buffer, 0, length);
    // Whole words, filled up with zeros.
    long words = (length + Long.BYTES - 1) & -Long.BYTES;
    buffer.asSlice(length, words - length).fill((byte) 0);
    readBytes.addAndGet(length);
    if (!ZeroPages.isZero(buffer, 0, words)) {
      addNotZero(at, length, buffer);
    }
  }

  private void addNotZero(long at, long length, MemorySegment buffer) {
    MemorySegment zeros = MemorySegment.ofArray(new byte[(int) length]);
    long first = MemorySegment.mismatch(buffer, 0, length, zeros, 0, length);
    long last = length - 1;
    while (buffer.get(ValueLayout.JAVA_BYTE, last) == 0) {
      last--;
    }
    damage.add(notZero(at + first, last + 1 - first));
  }
}
