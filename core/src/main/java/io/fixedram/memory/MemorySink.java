// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A sink that writes pages to guest memory. The save's blocks are compared with those of the memory
 * before anything is written. After the save has ended, the memory has exactly the content of the
 * save, and every written page is marked in its dirty log.
 *
 * <p>If a transfer fails, the memory is partly overwritten and the guest must not run on it. Not
 * thread-safe; no other thread may write the memory meanwhile.
 */
public final class MemorySink implements SaveSink {
  private final GuestMemory memory;
  private final BlockWriter writer;
  private final List<PageBitmap> came = new ArrayList<>();
  private List<RamBlock> targets = List.of();
  private Optional<GuestMemory.Use> use = Optional.empty();
  private Optional<DeviceState> deviceState = Optional.empty();

  /** Prepares to load one save into memory. */
  public MemorySink(GuestMemory memory) {
    this.memory = memory;
    this.writer = new BlockWriter(memory);
  }

  /**
   * {@inheritDoc}
   *
   * @throws FixedRamException if the save's blocks differ from the memory's, naming the difference,
   *     or if a migration or another load uses the memory
   */
  @Override
  public void begin(SaveHeader header) {
    targets = BlockMatch.match(header.blocks(), memory);
    use = Optional.of(memory.use("load"));
    RamBlocks blocks = memory.blocks();
    targets.forEach(target -> came.add(new PageBitmap(blocks.pages(target))));
  }

  private RamBlock target(RamBlock block) {
    return targets.get(block.index());
  }

  private void note(RamBlock block, long offset, long lengthBytes) {
    int pageSize = memory.blocks().targetPageSize();
    came.get(block.index()).set(offset / pageSize, lengthBytes / pageSize);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    writer.data(target(block), offset, from, fromOffset, lengthBytes);
    note(block, offset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    writer.zero(target(block), offset, lengthBytes);
    note(block, offset, lengthBytes);
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return Optional.of(this::copyCurrent);
  }

  /**
   * Copies the current content of a page; zeros if the page was not sent yet, whatever the memory
   * holds.
   */
  private void copyCurrent(RamBlock block, long offset, MemorySegment into) {
    if (came.get(block.index()).get(offset / memory.blocks().targetPageSize())) {
      MemorySegment.copy(memory.segment(target(block)), offset, into, 0, into.byteSize());
    } else {
      into.fill((byte) 0);
    }
  }

  @Override
  public void drain() {}

  @Override
  public void end(DeviceState state) {
    int pageSize = memory.blocks().targetPageSize();
    for (int i = 0; i < came.size(); i++) {
      PageBitmap bitmap = came.get(i);
      for (long page = bitmap.nextClear(0); page < bitmap.pages(); ) {
        long end = bitmap.nextSet(page);
        writer.zero(targets.get(i), page * pageSize, (end - page) * pageSize);
        page = bitmap.nextClear(end);
      }
    }
    deviceState = Optional.of(state);
  }

  /**
   * The device state.
   *
   * @throws IllegalStateException if the save has not ended
   */
  public DeviceState deviceState() {
    return deviceState.orElseThrow(() -> new IllegalStateException("the save has not ended"));
  }

  @Override
  public void close() {
    use.ifPresent(GuestMemory.Use::close);
    use = Optional.empty();
  }
}
