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

  /** Whether two guests are the same in all that a save holds. */
  public static boolean isSame(Guest one, Guest other) {
    return one.header.equals(other.header)
        && one.blocks().stream().allMatch(block -> isSame(one.nonZero(block), other.nonZero(block)))
        && one.tail.plain().equals(other.tail.plain());
  }

  private static boolean isSame(NavigableMap<Long, byte[]> one, NavigableMap<Long, byte[]> other) {
    return one.keySet().equals(other.keySet())
        && one.entrySet().stream()
            .allMatch(page -> Arrays.equals(page.getValue(), other.get(page.getKey())));
  }

  /** Fails unless two guests are the same in all that a save holds. */
  public static void assertSame(Guest actual, Guest expected) {
    assertThat(actual.header).isEqualTo(expected.header);
    assertSameRam(actual, expected);
    assertThat(actual.tail.plain()).isEqualTo(expected.tail.plain());
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

    /** The same devices, without what the description says of the configuration section. */
    public Tail plain() {
      byte[] sections = Arrays.copyOf(toBytes(), Math.toIntExact(sectionsBytes));
      return of(sections, sectionsBytes, withConfiguration(""));
    }

    private String withConfiguration(String member) {
      int pageSize = description.indexOf("\"page_size\"");
      int rest = pageSize < 0 ? description.indexOf("\"devices\"") : pageSize;
      return rest < 0 ? "" : "{" + member + description.substring(rest);
    }

    /**
     * The same with a description of the configuration section that a file or stream begins with.
     *
     * @param layout the capability of the file's layout; empty for a stream
     */
    public Tail described(Configuration configuration, String layout) {
      List<String> subsections = new ArrayList<>();
      if (configuration.targetPageBits().isPresent()) {
        subsections.add(
            "{'vmsd_name': 'configuration/target-page-bits', 'version': 1, 'fields':"
                + " [{'name': 'target_page_bits', 'type': 'uint32', 'size': 4}]}");
      }
      List<String> names = new ArrayList<>(configuration.capabilities());
      if (!layout.isEmpty()) {
        names.add(layout);
      }
      if (!names.isEmpty()) {
        subsections.add(
            "{'vmsd_name': 'configuration/capabilities', 'version': 1, 'fields':"
                + " [{'name': 'caps_count', 'type': 'uint32', 'size': 4}, {'name': 'capabilities', "
                + (names.size() > 1 ? "'array_len': " + names.size() + ", " : "")
                + "'type': 'capability', 'size': "
                + (names.getFirst().length() + 1)
                + "}]}");
      }
      if (configuration.uuid().isPresent()) {
        subsections.add(
            "{'vmsd_name': 'configuration/uuid', 'version': 1, 'fields':"
                + " [{'name': 'uuid.data', 'array_len': 16, 'type': 'uint8', 'size': 1}]}");
      }
      boolean told = description.startsWith("{\"configuration\"");
      if (description.isEmpty() || (!told && subsections.isEmpty())) {
        return this;
      }
      String member =
          "'configuration': {'vmsd_name': 'configuration', 'version': 1, 'fields':"
              + " [{'name': 'len', 'type': 'uint32', 'size': 4}, {'name': 'name', 'type': 'buffer',"
              + " 'size': "
              + configuration.machine().length()
              + "}]"
              + (subsections.isEmpty()
                  ? ""
                  : ", 'subsections': [" + String.join(", ", subsections) + "]")
              + "}, ";
      String json = withConfiguration(member.replace('\'', '"'));
      Bytes bytes = new Bytes().raw(Arrays.copyOf(toBytes(), Math.toIntExact(sectionsBytes)));
      bytes.u8(0).u8(6).be32(json.length()).text(json);
      return of(bytes.toArray(), sectionsBytes, json);
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
