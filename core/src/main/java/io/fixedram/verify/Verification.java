// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.ZeroPages;
import io.fixedram.layout.SaveSeal;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.parallel.SharedWork;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Verification of every byte of a sealed file: pages, parts, and that everything else reads as
 * zeros. Holes are not read. Memory: 1 MiB for each thread.
 */
public final class Verification {
  /** Bytes assigned to a thread at a time. */
  private static final long SHARE_BYTES = 16 << 20;

  private static final int BUFFER_BYTES = 1 << 20;

  private final LocalFile bytes;
  private final SealedFile file;
  private final Seal seal;
  private final Cancellation cancellation;
  private final DamageList damage = new DamageList();
  private final AtomicLong readBytes = new AtomicLong();

  /** Blocks whose table is damaged: a page there may be whole. */
  private final Set<Integer> damagedTables = new HashSet<>();

  /** Blocks with pages that don't fit their fingerprints. */
  private final Set<Integer> damagedBlocks = ConcurrentHashMap.newKeySet();

  /** A range of the file that one thread verifies. */
  private sealed interface Share {
    /** Pages of a block. */
    record Pages(SealedBlock block, PrintCheck prints, long first, long end) implements Share {}

    /** Bytes that read as zeros. */
    record Zeros(long from, long end) implements Share {}
  }

  private Verification(LocalFile bytes, SealedFile file, Cancellation cancellation) {
    this.bytes = bytes;
    this.file = file;
    this.seal = file.seal();
    this.cancellation = cancellation;
  }

  /**
   * Verifies a file.
   *
   * @param threads number of threads, at least 1
   * @throws DamagedSaveException if the file is not a save, or its footer is missing or damaged, so
   *     that nothing else can be verified
   * @throws FixedRamException if the file is not sealed ({@link Remedy#SEAL})
   * @throws StorageException if the file can't be read
   * @throws CancelledException if cancelled
   */
  public static VerificationReport run(Path path, int threads, Cancellation cancellation) {
    try (LocalFile bytes = LocalFile.open(path)) {
      SealedFile file = SealedFile.open(bytes).orElseThrow(() -> notSealed(path));
      return new Verification(bytes, file, cancellation).run(threads);
    }
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
    for (SealedPart part : seal.parts()) {
      cancellation.throwIfCancelled();
      readBytes.addAndGet(part.lengthBytes());
      verify(part);
    }
    for (SealedBlock block : seal.blocks()) {
      if (file.damagedHead(block).isPresent()) {
        damage.add(
            DamagedRange.ofBlock(
                "the head of the table of fingerprints",
                block.name(),
                block.headOffset().orElseThrow(),
                TablePlace.HEAD_BYTES));
      }
    }
    SharedWork.run(shares(), threads, this::worker);
    damagedTables.removeAll(damagedBlocks);
    damagedTables.forEach(block -> damage.add(file.range(seal.get(SealedPart.TABLE, block))));
    if (damage.count() == 0) {
      // The blocks of the header must be those of the footer.
      try (PageStore store = Saves.open(bytes.path())) {
        store.deviceState();
      }
    }
    bytes.state().throwIfChanged(bytes.name());
    return new VerificationReport(
        bytes.name(),
        new SaveSeal(seal.id(), seal.writer()),
        bytes.sizeBytes(),
        readBytes.get(),
        damage.first(VerificationReport.MAX_RANGES),
        damage.count(),
        damage.bytes());
  }

  private void verify(SealedPart part) {
    if (file.isWhole(part)) {
      return;
    }
    if (part.kind().equals(SealedPart.TABLE)) {
      damagedTables.add(part.block());
    } else {
      damage.add(file.range(part));
    }
  }

  private List<Share> shares() {
    List<Share> shares = new ArrayList<>();
    long limit = SHARE_BYTES / seal.pageSize();
    for (SealedBlock block : seal.blocks()) {
      PrintCheck prints = file.prints(block);
      long pages = seal.pages(block);
      for (long page = 0; page < pages; page += limit) {
        shares.add(new Share.Pages(block, prints, page, Math.min(pages, page + limit)));
      }
    }
    addZeros(shares);
    return shares;
  }

  /** Adds all ranges that the footer does not describe. */
  private void addZeros(List<Share> shares) {
    List<long[]> used = new ArrayList<>();
    seal.parts().forEach(part -> used.add(new long[] {part.offset(), part.end()}));
    for (SealedBlock block : seal.blocks()) {
      used.add(new long[] {block.pagesOffset(), block.end()});
      block
          .headOffset()
          .ifPresent(head -> used.add(new long[] {head, head + TablePlace.HEAD_BYTES}));
    }
    used.add(new long[] {file.sealOffset(), file.sealOffset()});
    used.sort(Comparator.comparingLong(range -> range[0]));
    long end = 0;
    for (long[] range : used) {
      if (range[0] > end) {
        shares.add(new Share.Zeros(end, range[0]));
      }
      end = Math.max(end, range[1]);
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
    int pageSize = seal.pageSize();
    boolean ofTable = damagedTables.contains(share.block.index());
    PrintCheck.Damage found =
        (first, count) -> {
          damagedBlocks.add(share.block.index());
          damage.add(share.prints.range(first, count, ofTable));
        };
    for (long page = share.first; page < share.end; ) {
      long position = share.block.pagesOffset() + page * pageSize;
      OptionalLong data = bytes.nextData(position);
      long next =
          data.isPresent()
              ? Math.min(share.end, page + (data.getAsLong() - position) / pageSize)
              : share.end;
      if (next > page) {
        share.prints.compareZero(page, next, found);
      } else {
        next = Math.min(share.end, page + BUFFER_BYTES / pageSize);
        long length = (next - page) * pageSize;
        bytes.readFully(position, buffer, 0, length);
        readBytes.addAndGet(length);
        share.prints.compare(page, next, buffer, 0, found);
      }
      page = next;
    }
  }

  private void verify(Share.Zeros share, MemorySegment buffer) {
    for (long at = share.from; at < share.end; ) {
      OptionalLong data = bytes.nextData(at);
      if (data.isEmpty() || data.getAsLong() >= share.end) {
        return;
      }
      at = Math.max(at, data.getAsLong());
      cancellation.throwIfCancelled();
      long length = Math.min(BUFFER_BYTES, share.end - at);
      bytes.readFully(at, buffer, 0, length);
      // Whole words, filled up with zeros.
      long words = (length + Long.BYTES - 1) & -Long.BYTES;
      buffer.asSlice(length, words - length).fill((byte) 0);
      readBytes.addAndGet(length);
      if (!ZeroPages.isZero(buffer, 0, words)) {
        addNotZero(at, length, buffer);
      }
      at += length;
    }
  }

  private void addNotZero(long at, long length, MemorySegment buffer) {
    MemorySegment zeros = MemorySegment.ofArray(new byte[(int) length]);
    long first = MemorySegment.mismatch(buffer, 0, length, zeros, 0, length);
    long last = length - 1;
    while (buffer.get(ValueLayout.JAVA_BYTE, last) == 0) {
      last--;
    }
    damage.add(DamagedRange.of("a range that must be zeros", at + first, last + 1 - first));
  }
}
