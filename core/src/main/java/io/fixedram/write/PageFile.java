// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The open file under a save that is being written: page content past the page cache where that is
 * wanted and possible, all else through it. The two never share a block of the disk, since pages
 * start and end at the alignment that direct writes ask for, or go through the cache too. Several
 * threads may write at a time, each other pages.
 */
final class PageFile implements AutoCloseable {
  /**
   * Shorter writes go through the page cache, which puts scattered pages into order; each of them
   * past it, or written back at once, would cost the disk's latency. Those that are as long and
   * have to go through it are written back at once.
   */
  private static final long MIN_LONG_BYTES = 256 << 10;

  /** Zeros written at a time where the file system cannot punch holes. */
  private static final int ZEROS_BYTES = 1 << 16;

  private final Descriptor plain;
  private final boolean directDemanded;

  /** Stays open until all threads are done, even if it turns out to be of no use. */
  private final Optional<Descriptor> direct;

  private final long directAlignment;
  private final long directMemoryAlignment;
  private volatile boolean anyDirect;
  private volatile boolean anyMisplaced;

  /** Why pages go through the page cache; empty while they go past it. */
  private volatile Optional<String> whyCached = Optional.empty();

  private volatile boolean holes = true;
  private final AtomicLong writtenBytes = new AtomicLong();

  /**
   * Uses an open file, which stays the caller's to close.
   *
   * @throws StorageException if direct writes are demanded and the file has none
   */
  PageFile(Descriptor plain, DirectMode mode) {
    this.plain = plain;
    this.directDemanded = mode == DirectMode.ON;
    Descriptor.Status status = plain.status();
    OptionalLong alignment = status.directOffsetAlignment();
    this.directMemoryAlignment = Math.max(1, status.directMemoryAlignment().orElse(4096));
    this.directAlignment = Math.max(4096, alignment.orElse(4096));
    this.direct = mode == DirectMode.OFF ? notWanted() : openDirect(alignment);
  }

  private Optional<Descriptor> notWanted() {
    whyCached = Optional.of("direct writes are off");
    return Optional.empty();
  }

  private Optional<Descriptor> openDirect(OptionalLong alignment) {
    // tmpfs takes O_DIRECT since Linux 6.6, and means nothing by it.
    if (plain.isInMemory()) {
      giveUpDirect("the file system keeps its files in memory", Errno.EOPNOTSUPP.number());
      return Optional.empty();
    }
    if (alignment.isPresent() && alignment.getAsLong() == 0) {
      refused(Errno.EOPNOTSUPP.number());
      return Optional.empty();
    }
    try {
      return Optional.of(plain.reopen(Descriptor.Mode.DIRECT));
    } catch (StorageException e) {
      refused(e.errno());
      return Optional.empty();
    }
  }

  private void refused(int errno) {
    giveUpDirect("the file system refuses direct writes: " + Errno.text(errno), errno);
  }

  private void giveUpDirect(String reason, int errno) {
    if (directDemanded) {
      throw new StorageException(
          "cannot write " + plain.path() + " past the page cache: " + reason,
          errno,
          Remedy.WRITE_THROUGH_PAGE_CACHE);
    }
    whyCached = Optional.of(reason);
  }

  /** Why all pages went through the page cache; empty if long runs went past it. */
  Optional<String> whyCached() {
    if (whyCached.isPresent() || anyDirect) {
      return whyCached;
    }
    return Optional.of(
        anyMisplaced
            ? "pages do not stand where the file system wants direct writes"
            : "no run of them was as long as " + (MIN_LONG_BYTES >> 10) + " KiB");
  }

  /** Bytes of page content written so far. */
  long writtenBytes() {
    return writtenBytes.get();
  }

  /** Writes page content. */
  void writePages(long position, MemorySegment from, long offset, long lengthBytes) {
    writtenBytes.addAndGet(lengthBytes);
    if (lengthBytes < MIN_LONG_BYTES) {
      plain.write(position, from, offset, lengthBytes);
      return;
    }
    boolean aligned =
        (position | lengthBytes) % directAlignment == 0
            && (from.address() + offset) % directMemoryAlignment == 0;
    anyMisplaced |= !aligned;
    if (whyCached.isEmpty() && aligned) {
      try {
        direct.orElseThrow().write(position, from, offset, lengthBytes);
        anyDirect = true;
        return;
      } catch (StorageException e) {
        // Some file systems take the flag at open and refuse the write.
        if (e.errno() != Errno.EINVAL.number()) {
          throw e;
        }
        refused(e.errno());
      }
    }
    plain.write(position, from, offset, lengthBytes);
    plain.startWriteBack(position, lengthBytes);
  }

  /** Makes pages that were written read as zeros again, and gives their space back. */
  void punch(long position, long lengthBytes) {
    if (holes) {
      holes = plain.punchHole(position, lengthBytes);
    }
    if (!holes) {
      for (long done = 0; done < lengthBytes; done += ZEROS_BYTES) {
        plain.write(position + done, new byte[(int) Math.min(ZEROS_BYTES, lengthBytes - done)]);
      }
    }
  }

  /** Reads pages back. */
  void read(long position, MemorySegment into) {
    long count = plain.readFully(position, into, 0, into.byteSize());
    if (count < into.byteSize()) {
      throw new StorageException(
          "cannot read " + plain.path() + " at offset " + (position + count) + ": it ends there",
          0);
    }
  }

  @Override
  public void close() {
    direct.ifPresent(Descriptor::close);
  }
}
