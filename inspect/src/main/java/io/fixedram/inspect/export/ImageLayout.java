// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.address.MapRange;
import io.fixedram.inspect.address.MemoryMap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where everything is in an image of a guest's memory. What nothing is said of is zero, and a hole.
 *
 * @param heads bytes that are no memory of the guest
 * @param parts its memory
 * @param sizeBytes length of the image
 */
public record ImageLayout(List<Head> heads, List<ImagePart> parts, long sizeBytes) {
  private static final int LIME_MAGIC = 0x4c69_4d45;
  private static final int LIME_HEAD_BYTES = 32;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Copies the lists. */
  public ImageLayout {
    heads = List.copyOf(heads);
    parts = List.copyOf(parts);
  }

  /**
   * Bytes of the image's format.
   *
   * @param position position of the first byte in the image
   */
  public record Head(long position, MemorySegment bytes) {}

  /** One RAM block, from its first byte on. */
  public static ImageLayout ofBlock(RamBlock block) {
    return new ImageLayout(
        List.of(), List.of(new ImagePart(0, block, 0, block.usedLength())), block.usedLength());
  }

  /** A flat image: each byte is at the position of its guest-physical address. */
  public static ImageLayout raw(MemoryMap map) {
    List<ImagePart> parts =
        map.ranges().stream().map(range -> part(range.address(), range)).toList();
    return new ImageLayout(List.of(), parts, map.ranges().getLast().end());
  }

  /**
   * An image of the LiME format, version 1 (LiME's doc/README.md): before each range le32 magic,
   * le32 version, le64 first address, le64 last address, 8 bytes of zeros.
   */
  public static ImageLayout lime(MemoryMap map) {
    List<Head> heads = new ArrayList<>();
    List<ImagePart> parts = new ArrayList<>();
    long position = 0;
    for (MapRange range : map.ranges()) {
      MemorySegment head = MemorySegment.ofArray(new byte[LIME_HEAD_BYTES]);
      head.set(INT, 0, LIME_MAGIC);
      head.set(INT, 4, 1);
      head.set(LONG, 8, range.address());
      head.set(LONG, 16, range.end() - 1);
      heads.add(new Head(position, head));
      parts.add(part(position + LIME_HEAD_BYTES, range));
      position += LIME_HEAD_BYTES + range.bytes();
    }
    return new ImageLayout(heads, parts, position);
  }

  static ImagePart part(long position, MapRange range) {
    return new ImagePart(position, range.block(), range.offset(), range.bytes());
  }
}
