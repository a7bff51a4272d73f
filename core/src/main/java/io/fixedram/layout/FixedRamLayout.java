// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.RamBlock;
import io.fixedram.stream.StreamInput;
import io.fixedram.stream.StreamOutput;
import java.util.List;

/**
 * The layout of the fixed-ram capability as proposed for QEMU in 2022. Its fields:
 *
 * <pre>
 *   be32 bitmap_size, be64 pages_offset
 * </pre>
 *
 * <p>The bitmap starts right after them. The proposal rounds pages_offset up to the target page
 * size; its review asks for 1 or 4 MiB. Only SECTION_START has a payload. bitmap_size is whole
 * words of the host that wrote the file, 32 or 64 bits.
 *
 * @param alignmentBytes what pages start at a multiple of
 */
public record FixedRamLayout(long alignmentBytes) implements FixedLayout {
  private static final int FIELD_BYTES = 12;

  @Override
  public SaveFormat format() {
    return SaveFormat.FIXED_RAM;
  }

  @Override
  public List<String> capabilities() {
    return List.of("fixed-ram", "x-fixed-ram");
  }

  @Override
  public int fieldBytes() {
    return FIELD_BYTES;
  }

  @Override
  public void writeFields(StreamOutput out, BlockPlace place, int targetPageSize) {
    out.be32((int) place.bitmapBytes());
    out.be64(place.pagesOffset());
  }

  @Override
  public boolean fieldsFollow(StreamInput in, int ahead, long usedLength) {
    // The page size that could stand here instead is a power of two: read as these fields it gives
    // a
    // bitmap of no bytes, or one that the pages overlap.
    long bitmapBytes = in.peekBe32(ahead);
    long pagesOffset = in.peekBe64(ahead + Integer.BYTES);
    return bitmapBytes >= 0
        && (bitmapBytes > 0 || usedLength == 0)
        && pagesOffset >= in.position() + ahead + FIELD_BYTES + bitmapBytes;
  }

  @Override
  public BlockPlace readFields(StreamInput in, RamBlock block, int targetPageSize) {
    long at = in.position();
    long bitmapBytes = Integer.toUnsignedLong(in.be32());
    long pagesOffset = in.be64();
    return Places.checked(
        in, at, new BlockPlace(block, in.position(), bitmapBytes, pagesOffset), targetPageSize);
  }

  @Override
  public boolean laterPayloads() {
    return false;
  }
}
