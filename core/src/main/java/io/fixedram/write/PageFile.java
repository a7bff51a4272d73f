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
 * The open file of a save that is being written. Page content bypasses the page cache (O_DIRECT) if
 * wanted and possible; everything else goes through it. The two never share a block of the disk,
 * since pages that are not aligned for direct writes go through the cache too. Several threads may
 * write different pages at a time.
 */
final class PageFile implements AutoCloseable {
  /**
   * Minimum length of a direct write. Shorter writes go through the page cache, which sorts
   * scattered pages; direct, or written back at once, each would cost the disk's latency. Longer
   * writes that can't be direct are written back at once.
   */
  private static final long MIN_LONG_BYTES = 256 << 10;

  /** Zeros written at a time where the file system cannot punch holes. */
  private static final int ZEROS_BYTES = 1 << 16;

  private final Descriptor plain;
  private final boolean directDemanded;

  /**
   * Stays open until {@link #close()}, since other threads may use it, even after direct writes are
   * given up.
   */
  private final Optional<Descriptor> direct;

  private final long directAlignment;
  private final long directMemoryAlignment;
  private volatile boolean anyDirect;
  private volatile boolean anyMisplaced;

  /** Reason why pages go through the page cache; empty while direct writes are used. */
  private volatile Optional<String> whyCached = Optional.empty();

  private volatile boolean holes = true;
  private volatile boolean allocates = true;
  private final AtomicLong writtenBytes = new AtomicLong();

  /**
   * Uses an open file, which the caller closes.
   *
   * @throws StorageException if direct writes are demanded and the file system does not support
   *     them
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
    // tmpfs accepts O_DIRECT since Linux 6.6, without any effect.
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

  /** Reason why all pages went through the page cache; empty if long runs were written directly. */
  Optional<String> whyCached() {
    if (whyCached.isPresent() || anyDirect) {
      return whyCached;
    }
    return Optional.of(
        anyMisplaced
            ? "pages are not aligned for direct writes"
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
        // Some file systems accept the flag at open and refuse the write.
        if (e.errno() != Errno.EINVAL.number()) {
          throw e;
        }
        refused(e.errno());
      }
    }
    plain.write(position, from, offset, lengthBytes);
    plain.startWriteBack(position, lengthBytes);
  }

  /**
   * Allocates space that will be written directly, so that the file system allocates large pieces.
   *
   * @return false if nothing was allocated; the space can be written nevertheless
   */
  boolean allocate(long position, long lengthBytes) {
    if (!anyDirect || !allocates) {
      return false;
    }
    allocates = plain.allocate(position, lengthBytes);
    return allocates;
  }

  /**
   * Reserves space, which reads as zeros.
   *
   * @throws StorageException if there is not enough, or the file system can't reserve any
   */
  void reserve(long position, long lengthBytes) {
    plain.reserve(position, lengthBytes);
  }

  /**
   * Frees allocated space that reads as zeros, if the file system can punch holes.
   *
   * @return false if it can't
   */
  boolean giveBack(long position, long lengthBytes) {
    if (holes) {
      holes = plain.punchHole(position, lengthBytes);
    }
    return holes;
  }

  /** Makes pages read as zeros again and frees their space if the file system can punch holes. */
  void punch(long position, long lengthBytes) {
    if (!giveBack(position, lengthBytes)) {
      for (long done = 0; done < lengthBytes; done += ZEROS_BYTES) {
        plain.write(position + done, new byte[(int) Math.min(ZEROS_BYTES, lengthBytes - done)]);
      }
    }
  }

  /** Writes something other than pages, through the page cache. */
  void writeCached(long position, MemorySegment from) {
    plain.write(position, from, 0, from.byteSize());
  }

  /** Reads pages or fingerprints back. */
  void read(long position, MemorySegment into) {
    long count = plain.readUpTo(position, into, 0, into.byteSize());
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
