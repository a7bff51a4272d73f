// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** A naive guest: a map of the pages that are not zero for each block, and a device state. */
public final class Guest {
  private final SaveHeader header;
  private final List<NavigableMap<Long, byte[]>> pages = new ArrayList<>();
  private Tail tail = Tail.empty();

  /** A guest whose RAM is all zeros. */
  public Guest(SaveHeader header) {
    this.header = header;
    header.blocks().list().forEach(block -> pages.add(new TreeMap<>()));
  }

  /** A guest with 4 KiB pages, whose blocks are all that is said of it. */
  public static Guest of(RamBlock... blocks) {
    return new Guest(
        new SaveHeader(Configuration.of("pc-i440fx-7.2"), new RamBlocks(4096, List.of(blocks)), 2));
  }

  /** What stands before its pages. */
  public SaveHeader header() {
    return header;
  }

  /** Its blocks. */
  public List<RamBlock> blocks() {
    return header.blocks().list();
  }

  /** The block of an index. */
  public RamBlock block(int index) {
    return blocks().get(index);
  }

  /** Bytes of a page. */
  public int pageSize() {
    return header.blocks().targetPageSize();
  }

  /** What follows the RAM. */
  public Tail tail() {
    return tail;
  }

  /** Gives it another device state. */
  public Guest with(Tail newTail) {
    tail = newTail;
    return this;
  }

  /** The pages of a block that are not zero, by their index. */
  public NavigableMap<Long, byte[]> nonZero(RamBlock block) {
    return pages.get(block.index());
  }

  /** Number of all pages that are not zero. */
  public long nonZeroPages() {
    return pages.stream().mapToLong(NavigableMap::size).sum();
  }

  /** A page's content. */
  public byte[] page(RamBlock block, long index) {
    return nonZero(block).getOrDefault(index, new byte[pageSize()]);
  }

  /** Puts whole pages into a block. */
  public void put(RamBlock block, long offset, byte[] content) {
    for (int at = 0; at < content.length; at += pageSize()) {
      byte[] page = Arrays.copyOfRange(content, at, at + pageSize());
      if (isZero(page)) {
        nonZero(block).remove((offset + at) / pageSize());
      } else {
        nonZero(block).put((offset + at) / pageSize(), page);
      }
    }
  }

  /** Makes pages of a block zero. */
  public void zero(RamBlock block, long offset, long lengthBytes) {
    nonZero(block).subMap(offset / pageSize(), (offset + lengthBytes) / pageSize()).clear();
  }

  /** Whether bytes are all zero, one by one. */
  public static boolean isZero(byte[] bytes) {
    for (byte each : bytes) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  /** Fails unless two guests are the same in all that a save holds. */
  public static void assertSame(Guest actual, Guest expected) {
    assertThat(actual.header).isEqualTo(expected.header);
    assertSameRam(actual, expected);
    assertThat(actual.tail).isEqualTo(expected.tail);
  }

  /** Fails unless the pages of two guests are the same. */
  public static void assertSameRam(Guest actual, Guest expected) {
    for (RamBlock block : expected.blocks()) {
      NavigableMap<Long, byte[]> wanted = expected.nonZero(block);
      NavigableMap<Long, byte[]> found = actual.nonZero(block);
      assertThat(found.keySet()).as("non-zero pages of %s", block).isEqualTo(wanted.keySet());
      wanted.forEach((index, page) ->
          assertThat(found.get(index)).as("page %d of %s", index, block).isEqualTo(page));
    }
  }

  /**
   * A device state.
   *
   * @param bytes from the first section of a device to the end of the description
   * @param sectionsBytes offset of the EOF byte
   * @param description the description, empty if there is none
   */
  public record Tail(ByteBuffer bytes, long sectionsBytes, String description) {
    /** No device, no description. */
    public static Tail empty() {
      return of(new byte[1], 0, "");
    }

    /** The tail of such bytes. */
    public static Tail of(byte[] bytes, long sectionsBytes, String description) {
      return new Tail(ByteBuffer.wrap(bytes).asReadOnlyBuffer(), sectionsBytes, description);
    }

    /** What the code under test says of a tail. */
    public static Tail of(DeviceState state) {
      return of(
          state.bytes().toArray(ValueLayout.JAVA_BYTE),
          state.sectionsBytes(),
          state.description().map(Tail::text).orElse(""));
    }

    private static String text(MemorySegment description) {
      return new String(description.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** All of it. */
    public byte[] toBytes() {
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(bytes.position(), copy);
      return copy;
    }

    /** The same for the code under test. */
    public DeviceState toState() {
      return new DeviceState(
          MemorySegment.ofArray(toBytes()),
          sectionsBytes,
          Optional.of(description)
              .filter(text -> !text.isEmpty())
              .map(text -> MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8))));
    }
  }
}
