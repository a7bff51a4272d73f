// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Takes note of which pages of a source end up with content, and keeps none. */
final class PresenceSink implements PageSink {
  private final List<PageBitmap> present = new ArrayList<>();
  private RamBlocks blocks = new RamBlocks(4096, List.of());
  private long deviceStateBytes;

  @Override
  public void begin(SaveHeader header) {
    blocks = header.blocks();
    blocks.list().forEach(block -> present.add(new PageBitmap(blocks.pages(block))));
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    int pageSize = blocks.targetPageSize();
    present.get(block.index()).set(offset / pageSize, lengthBytes / pageSize);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    int pageSize = blocks.targetPageSize();
    present.get(block.index()).clear(offset / pageSize, lengthBytes / pageSize);
  }

  /** A difference leaves a page present whatever it was, so that any content will do. */
  @Override
  public void current(RamBlock block, long offset, MemorySegment into) {
    into.fill((byte) 0);
  }

  @Override
  public void end(DeviceState state) {
    deviceStateBytes = state.sizeBytes();
  }

  /** Bytes of device state that came. */
  long deviceStateBytes() {
    return deviceStateBytes;
  }

  /** The blocks that came, as those of a stream. */
  List<BlockInfo> blocks() {
    return blocks.list().stream()
        .map(block ->
            new BlockInfo(
                block.name(),
                block.usedLength(),
                blocks.targetPageSize(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                blocks.pages(block),
                present.get(block.index()).cardinality()))
        .toList();
  }

  @Override
  public void close() {}
}
