// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.wire.StreamInput;
import io.fixedram.wire.StreamOutput;
import java.util.List;

/**
 * The layout of QEMU 9.0's mapped-ram capability, version 1. Its fields:
 *
 * <pre>
 *   be32 version 1, be64 page_size, be64 bitmap_offset, be64 pages_offset
 * </pre>
 *
 * <p>QEMU puts the bitmap directly after the fields, rounds pages_offset up to 1 MiB, and loads any
 * pages_offset that is a multiple of the target page size. Every payload ends with an EOS. (As seen
 * in files of QEMU 10.0.2 and in its loader's behaviour.)
 *
 * @param alignmentBytes alignment of the first page of each block
 */
public record MappedRamLayout(long alignmentBytes) implements FixedLayout {
  private static final int VERSION = 1;
  private static final int FIELD_BYTES = 28;
  private static final long MIN_PAGE_SIZE = 1 << 10;
  private static final long MAX_PAGE_SIZE = 1 << 16;

  @Override
  public SaveFormat format() {
    return SaveFormat.MAPPED_RAM;
  }

  @Override
  public List<String> capabilities() {
    return List.of("mapped-ram");
  }

  @Override
  public int fieldBytes() {
    return FIELD_BYTES;
  }

  @Override
  public void writeFields(StreamOutput out, BlockPlace place, int targetPageSize) {
    out.be32(VERSION);
    out.be64(targetPageSize);
    out.be64(place.bitmapOffset());
    out.be64(place.pagesOffset());
  }

  @Override
  public boolean fieldsFollow(StreamInput in, int ahead, long usedLength, int targetPageSize) {
    // Read as these fields, a page size and a guest address that could stand here instead have no
    // version or no page size.
    long pageSize = in.peekBe64(ahead + Integer.BYTES);
    return in.peekBe32(ahead) > 0
        && Long.bitCount(pageSize) == 1
        && pageSize >= MIN_PAGE_SIZE
        && pageSize <= MAX_PAGE_SIZE;
  }

  @Override
  public BlockPlace readFields(StreamInput in, RamBlock block, int targetPageSize) {
    long at = in.position();
    int version = in.be32();
    if (version != VERSION) {
      throw new UnsupportedSaveException(
          in.name()
              + " lays out RAM block "
              + block
              + " by version "
              + Integer.toUnsignedString(version)
              + " of mapped-ram; only version 1 is known");
    }
    long pageSize = in.be64();
    if (pageSize != targetPageSize) {
      throw in.damaged(
          at,
          "RAM block " + block + " has pages of " + pageSize + " bytes, not of " + targetPageSize);
    }
    long bitmapOffset = in.be64();
    long pagesOffset = in.be64();
    return Places.checked(
        in,
        at,
        new BlockPlace(block, bitmapOffset, pagesOffset - bitmapOffset, pagesOffset),
        targetPageSize);
  }

  @Override
  public boolean laterPayloads() {
    return true;
  }
}
