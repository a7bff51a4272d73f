// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.fingerprint.PrintKind;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.wire.StreamInput;
import io.fixedram.wire.StreamOutput;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A layout in which every page has one offset in the file. Each block's bitmap and pages stand
 * right after its entry in the list that opens the "ram" section:
 *
 * <pre>
 *   entry of the block, see {@link io.fixedram.wire.MemSizeList}
 *   the layout's fields
 *   bitmap       bit i%64 of the i/64-th little-endian 64-bit word: page i is in the file
 *   mark         see {@link HolesMark}; not in all files
 *   fingerprints see {@link TablePlace}; not in all files
 *   padding      to a multiple of the alignment
 *   pages        used_length bytes
 *   entry of the next block ...
 *   be64 EOS
 * </pre>
 *
 * <p>A page whose bit is clear is a zero page, and reads as zeros in the file too.
 */
public sealed interface FixedLayout permits FixedRamLayout, MappedRamLayout {
  /**
   * Default alignment of a block's pages: 4 MiB, a multiple of every disk's sector size, which also
   * allows mapping with huge pages of 2 MiB (x86-64, arm64) and of 4 MiB (x86 without PAE). The
   * padding is a hole.
   */
  long DEFAULT_ALIGNMENT_BYTES = 4L << 20;

  /** The format of files in this layout. */
  SaveFormat format();

  /** Alignment of the first page of each block in the file, at least the target page size. */
  long alignmentBytes();

  /** Names of the capability in the configuration section; the first one is used for writing. */
  List<String> capabilities();

  /** Bytes of the layout's fields in a block's entry. */
  int fieldBytes();

  /** Writes the layout's fields. */
  void writeFields(StreamOutput out, BlockPlace place, int targetPageSize);

  /**
   * Whether the bytes that begin {@code ahead} bytes after an input's position can be the layout's
   * fields.
   */
  boolean fieldsFollow(StreamInput in, int ahead, long usedLength, int targetPageSize);

  /** Consumes the layout's fields of a block. */
  BlockPlace readFields(StreamInput in, RamBlock block, int targetPageSize);

  /** Whether SECTION_PART and SECTION_END have a payload, which is an EOS. */
  boolean laterPayloads();

  /**
   * Place of a block in a new file, given the file offset of the block's fields.
   *
   * @param prints kind of the fingerprints in a table between the block's bitmap and its pages;
   *     empty if there is none
   */
  default BlockPlace place(
      RamBlock block, long fieldsOffset, int targetPageSize, Optional<PrintKind> prints) {
    long bitmapOffset = fieldsOffset + fieldBytes();
    long pages = block.usedLength() / targetPageSize;
    long bitmapBytes = PageBitmap.fileBytes(pages);
    long alignment = Math.max(alignmentBytes(), targetPageSize);
    long bitmapEnd = bitmapOffset + bitmapBytes;
    long minOffset =
        prints.isPresent()
            ? TablePlace.after(bitmapEnd, pages, prints.get()).end()
            : bitmapEnd + HolesMark.room(alignmentBytes());
    long pagesOffset = (minOffset + alignment - 1) / alignment * alignment;
    return new BlockPlace(block, bitmapOffset, bitmapBytes, pagesOffset);
  }

  /** The layout of a format with the given alignment of pages; empty for a stream. */
  static Optional<FixedLayout> of(SaveFormat format, long alignmentBytes) {
    return switch (format) {
      case STREAM -> Optional.empty();
      case FIXED_RAM -> Optional.of(new FixedRamLayout(alignmentBytes));
      case MAPPED_RAM -> Optional.of(new MappedRamLayout(alignmentBytes));
    };
  }

  /** The layout that capabilities of a configuration name. */
  static Optional<FixedLayout> named(List<String> capabilities) {
    return Stream.<FixedLayout>of(
            new MappedRamLayout(DEFAULT_ALIGNMENT_BYTES),
            new FixedRamLayout(DEFAULT_ALIGNMENT_BYTES))
        .filter(layout -> layout.capabilities().stream().anyMatch(capabilities::contains))
        .findFirst();
  }
}
