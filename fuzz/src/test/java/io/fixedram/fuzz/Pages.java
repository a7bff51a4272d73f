// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The pages of a save that are not zero, received from a source or read from a store. */
final class Pages implements SaveSink {
  /** Memory for the content of pages; of more only the checksums are known. */
  private static final long MAX_KEPT_BYTES = 1 << 20;

  private static final int BUFFER_BYTES = 1 << 18;

  /** Checksum of each page that is not zero. */
  private final Map<Key, Integer> sums = new TreeMap<>();

  private final Map<Key, byte[]> kept = new TreeMap<>();
  private long keptBytes;
  private int pageSize = 1;
  private Optional<DeviceState> devices = Optional.empty();

  /** A page of a block. */
  private record Key(int block, long page) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      return block == other.block
          ? Long.compare(page, other.page)
          : Integer.compare(block, other.block);
    }
  }

  /** Reads all pages of a store in any order. */
  static Pages of(PageStore store) {
    Pages pages = new Pages();
    pages.begin(store.header());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES, 64);
      for (RamBlock block : store.blocks()) {
        PageMap map = store.pages(block);
        int atOnce = BUFFER_BYTES / map.pageSize();
        for (long page = map.stored().nextSet(0); page < map.pages(); ) {
          long end = Math.min(map.pages(), page + atOnce);
          store.send(map, page, end, buffer, pages);
          page = map.stored().nextSet(end, map.pages());
        }
      }
    }
    pages.devices = Optional.of(store.deviceState());
    return pages;
  }

  @Override
  public void begin(SaveHeader header) {
    pageSize = header.blocks().targetPageSize();
  }

  private void check(RamBlock block, long offset, long lengthBytes) {
    if (offset < 0
        || lengthBytes <= 0
        || offset % pageSize != 0
        || lengthBytes % pageSize != 0
        || offset + lengthBytes > block.usedLength()) {
      throw new AssertionError(lengthBytes + " bytes at " + offset + " of " + block);
    }
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    check(block, offset, lengthBytes);
    byte[] page = new byte[pageSize];
    for (long done = 0; done < lengthBytes; done += pageSize) {
      MemorySegment.copy(from, JAVA_BYTE, fromOffset + done, page, 0, pageSize);
      Key key = new Key(block.index(), (offset + done) / pageSize);
      if (Arrays.equals(page, new byte[pageSize])) {
        sums.remove(key);
        kept.remove(key);
        continue;
      }
      sums.put(key, Arrays.hashCode(page));
      if (kept.containsKey(key) || keptBytes < MAX_KEPT_BYTES) {
        keptBytes += kept.containsKey(key) ? 0 : pageSize;
        kept.put(key, page.clone());
      }
    }
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    check(block, offset, lengthBytes);
    Key from = new Key(block.index(), offset / pageSize);
    Key to = new Key(block.index(), (offset + lengthBytes) / pageSize);
    ((TreeMap<Key, Integer>) sums).subMap(from, to).clear();
    ((TreeMap<Key, byte[]>) kept).subMap(from, to).clear();
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return Optional.of((block, offset, into) -> {
      check(block, offset, into.byteSize());
      byte[] page = kept.get(new Key(block.index(), offset / pageSize));
      if (page == null) {
        into.fill((byte) 0);
      } else {
        into.copyFrom(MemorySegment.ofArray(page));
      }
    });
  }

  @Override
  public void drain() {}

  @Override
  public void end(DeviceState state) {
    devices = Optional.of(state);
  }

  @Override
  public void close() {}

  /** Fails unless other pages are the same. */
  void assertSame(Pages other, String how) {
    if (!sums.equals(other.sums)) {
      throw new AssertionError("other pages when read " + how);
    }
    long mismatch = devices.orElseThrow().bytes().mismatch(other.devices.orElseThrow().bytes());
    if (mismatch >= 0) {
      throw new AssertionError("another device state when read " + how);
    }
  }
}
