// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.fingerprint.PrintKind;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.wire.StreamInput;
import io.fixedram.wire.StreamOutput;
import java.util.List;

/**
 * The layout of the fixed-ram capability as proposed for QEMU in 2022. Its fields:
 *
 * <pre>
 *   be32 bitmap_size, be64 pages_offset
 * </pre>
 *
 * <p>The bitmap starts right after them. The proposal rounds pages_offset up to the target page
 * size; its review asks for 1 or 4 MiB. Only SECTION_START has a payload. bitmap_size is a multiple
 * of the word size of the host that wrote the file, 32 or 64 bits.
 *
 * @param alignmentBytes alignment of the first page of each block
 */
public record FixedRamLayout(long alignmentBytes) implements FixedLayout {
  private static final int FIELD_BYTES = 12;

  /** Limit above any plausible alignment of pages, without a table of fingerprints. */
  private static final long MAX_PADDING_BYTES = 4L << 30;

  /** Least RAM that a byte of a table of fingerprints covers, with the smallest target pages. */
  private static final long MIN_BYTES_PER_TABLE_BYTE = (1L << 10) / PrintKind.SHA_256.bytes();

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
  public boolean fieldsFollow(StreamInput in, int ahead, long usedLength, int targetPageSize) {
    // Read as these fields, a page size and a guest address that could stand here instead give a
    // bitmap that is too small for the block, or pages that are before it, not aligned or very far
    // behind. An address of 64 GiB, for one, reads as a bitmap of 16 bytes, and the size of the
    // bitmap after it as the offset of the pages.
    long bitmapBytes = in.peekBe32(ahead);
    long pagesOffset = in.peekBe64(ahead + Integer.BYTES);
    long padding = pagesOffset - (in.position() + ahead + FIELD_BYTES + bitmapBytes);
    return bitmapBytes >= usedLength / (Byte.SIZE * (long) targetPageSize)
        && (bitmapBytes > 0 || usedLength == 0)
        && pagesOffset % targetPageSize == 0
        && padding >= 0
        && padding < MAX_PADDING_BYTES + usedLength / MIN_BYTES_PER_TABLE_BYTE;
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
