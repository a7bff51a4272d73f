// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.bytes.ByteStore;
import io.fixedram.fixed.TablePlace;
import io.fixedram.seal.PrintCheck;
import io.fixedram.seal.Seal;
import io.fixedram.seal.SealedBlock;
import io.fixedram.seal.SealedFile;
import io.fixedram.seal.SealedPart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;

/** A range of a sealed file that one thread verifies. */
sealed interface Share {
  /** Pages of a block. */
  record Pages(SealedBlock block, PrintCheck prints, long first, long end) implements Share {}

  /** Bytes that read as zeros. */
  record Zeros(long from, long end) implements Share {}

  /**
   * All shares of a file. Pages that are in a hole together with their fingerprints need no check,
   * and are left out without being looked at one by one, so that the time does not depend on the
   * sizes that a file claims.
   */
  static Iterator<Share> of(ByteStore bytes, SealedFile file) {
    return new Shares(bytes, file);
  }

  /** Finds the shares one after the other. */
  final class Shares implements Iterator<Share> {
    private static final long SHARE_BYTES = 16 << 20;

    private final ByteStore bytes;
    private final SealedFile file;
    private final Seal seal;
    private final Iterator<SealedBlock> blocks;
    private final Iterator<Zeros> zeros;
    private Optional<Pages> left = Optional.empty();

    private Shares(ByteStore bytes, SealedFile file) {
      this.bytes = bytes;
      this.file = file;
      this.seal = file.seal();
      this.blocks = seal.blocks().iterator();
      this.zeros = zeros(file).iterator();
    }

    @Override
    public boolean hasNext() {
      skipHoles();
      return left.isPresent() || zeros.hasNext();
    }

    @Override
    public Share next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      if (left.isEmpty()) {
        return zeros.next();
      }
      Pages all = left.get();
      long end = Math.min(all.end(), all.first() + SHARE_BYTES / seal.pageSize());
      left = Optional.of(new Pages(all.block(), all.prints(), end, all.end()));
      return new Pages(all.block(), all.prints(), all.first(), end);
    }

    /** Finds the next page of this block, or another, that is not in a hole. */
    private void skipHoles() {
      left = left.flatMap(this::withoutHole);
      while (left.isEmpty() && blocks.hasNext()) {
        SealedBlock block = blocks.next();
        left = withoutHole(new Pages(block, file.printsAsTheyAre(block), 0, seal.pages(block)));
      }
    }

    private Optional<Pages> withoutHole(Pages pages) {
      SealedPart table = seal.get(SealedPart.TABLE, pages.block().index());
      long first =
          Math.min(
              next(pages, pages.block().pagesOffset(), seal.pageSize()),
              next(pages, table.offset(), seal.prints().bytes()));
      return first < pages.end()
          ? Optional.of(new Pages(pages.block(), pages.prints(), first, pages.end()))
          : Optional.empty();
    }

    /** The first page that has data in an array with an element for each page. */
    private long next(Pages pages, long offset, int elementBytes) {
      if (pages.first() == pages.end()) {
        return pages.end();
      }
      OptionalLong data = bytes.nextData(offset + pages.first() * elementBytes);
      return data.isPresent()
          ? Math.min(pages.end(), (data.getAsLong() - offset) / elementBytes)
          : pages.end();
    }

    /** All ranges that the footer does not describe. */
    private static List<Zeros> zeros(SealedFile file) {
      List<Zeros> used = new ArrayList<>();
      file.seal().parts().forEach(part -> used.add(new Zeros(part.offset(), part.end())));
      for (SealedBlock block : file.seal().blocks()) {
        used.add(new Zeros(block.pagesOffset(), block.end()));
        block
            .headOffset()
            .ifPresent(head -> used.add(new Zeros(head, head + TablePlace.HEAD_BYTES)));
      }
      used.add(new Zeros(file.sealOffset(), file.sealOffset()));
      used.sort(Comparator.comparingLong(Zeros::from));
      List<Zeros> rest = new ArrayList<>();
      long done = 0;
      for (Zeros range : used) {
        if (range.from() > done) {
          rest.add(new Zeros(done, range.from()));
        }
        done = Math.max(done, range.end());
      }
      return rest;
    }
  }
}
