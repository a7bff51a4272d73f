// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * The list of RAM blocks that opens the "ram" section:
 *
 * <pre>
 *   be64 total bytes | MEM_SIZE
 *   then blocks until their lengths add up to the total, each
 *     u8 length, name
 *     be64 used length
 *     be64 page size        only if postcopy-ram was on and the block has huge pages
 *     be64 guest address    only with x-ignore-shared
 *     fields of a fixed-offset layout, if the stream is one
 * </pre>
 */
public final class MemSizeList {
  private static final long SMALLEST_PAGE_FIELD = 1024;
  private static final long LARGEST_PAGE_FIELD = 1L << 34;

  private MemSizeList() {}

  /**
   * Consumes the list.
   *
   * @throws DamagedSaveException if the bytes are not a valid list
   */
  public static RamBlocks read(StreamInput in, Configuration configuration, BlockFields fields) {
    int pageSize = configuration.targetPageSize();
    long start = in.position();
    long head = in.be64();
    if ((head & (pageSize - 1)) != StreamFormat.RAM_MEM_SIZE) {
      throw in.damaged(start, "the ram section does not begin with the list of RAM blocks");
    }
    long left = head & -pageSize;
    if (left < 0 || left > RamBlocks.MAX_BYTES) {
      throw in.damaged(
          start, "a guest cannot have " + Long.toUnsignedString(left) + " bytes of RAM");
    }
    boolean addressed = configuration.capabilities().contains(Configuration.X_IGNORE_SHARED);
    List<RamBlock> blocks = new ArrayList<>();
    while (left > 0) {
      long at = in.position();
      if (blocks.size() == RamBlocks.MAX_BLOCKS) {
        throw in.damaged(at, "more than " + RamBlocks.MAX_BLOCKS + " RAM blocks");
      }
      RamBlock block = readBlock(in, blocks.size(), left, addressed, fields);
      left -= block.usedLength();
      blocks.add(block);
      fields.read(in, block);
    }
    try {
      return new RamBlocks(pageSize, blocks);
    } catch (FixedRamException e) {
      throw in.damaged(start, "in the list of RAM blocks: " + e.getMessage());
    }
  }

  private static RamBlock readBlock(
      StreamInput in, int index, long left, boolean addressed, BlockFields fields) {
    long at = in.position();
    String name = in.name8();
    if (name.isEmpty()) {
      throw in.damaged(at, "a RAM block without a name");
    }
    long length = in.be64();
    if (length < 0 || length > left) {
      throw in.damaged(
          at,
          "RAM block "
              + name
              + " is longer, "
              + Long.toUnsignedString(length)
              + " bytes, than what is left of the RAM, "
              + left
              + " bytes");
    }
    boolean last = length == left;
    int addressBytes = addressed ? Long.BYTES : 0;
    boolean sized = false;
    if (!fields.follow(in, addressBytes, length, last)) {
      long pageSize = in.peekBe64(0);
      sized =
          Long.bitCount(pageSize) == 1
              && pageSize >= SMALLEST_PAGE_FIELD
              && pageSize <= LARGEST_PAGE_FIELD
              && fields.follow(in, Long.BYTES + addressBytes, length, last);
      if (!sized) {
        throw in.damaged(in.position(), "what follows the entry of RAM block " + name);
      }
    }
    OptionalLong pageSize = sized ? OptionalLong.of(in.be64()) : OptionalLong.empty();
    OptionalLong address = addressed ? OptionalLong.of(in.be64()) : OptionalLong.empty();
    return new RamBlock(index, name, length, pageSize, address);
  }

  /**
   * Writes the list.
   *
   * @param fields writes the layout's fields of a block, after its entry
   */
  public static void write(StreamOutput out, RamBlocks blocks, Consumer<RamBlock> fields) {
    out.be64(blocks.totalBytes() | StreamFormat.RAM_MEM_SIZE);
    for (RamBlock block : blocks.list()) {
      out.name8(block.name());
      out.be64(block.usedLength());
      block.pageSize().ifPresent(out::be64);
      block.guestAddress().ifPresent(out::be64);
      fields.accept(block);
    }
  }
}
