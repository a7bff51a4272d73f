// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.os.OtherProcess.Range;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of a QEMU as pages. A zero page in a page map was zero when the map was created; all
 * other pages are read from QEMU each time. Pages that are read while the guest runs may be torn.
 */
final class MemoryPages implements RamPages {
  /** Maximum number of threads; more would not help, since they saturate the memory's bandwidth. */
  private static final int MAX_READERS = 4;

  private final String name;
  private final QemuMemory memory;
  private final SaveHeader header;
  private final PopulatedPages populated;

  MemoryPages(String name, QemuMemory memory, SaveHeader header) {
    this.name = name;
    this.memory = memory;
    this.header = header;
    this.populated = new PopulatedPages(memory.process(), header.blocks().targetPageSize());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public SaveHeader header() {
    return header;
  }

  @Override
  public PageMap pages(RamBlock block) {
    return new PageMap(block, populated.of(memory.located(block)));
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    List<Range> ranges = new ArrayList<>();
    long pageSize = map.pageSize();
    long host = memory.located(map.block()).host();
    map.stored()
        .forEachRun(
            first,
            end,
            (page, count) ->
                ranges.add(
                    new Range(
                        offset + (page - first) * pageSize,
                        host + page * pageSize,
                        count * pageSize)));
    if (ranges.isEmpty()) {
      return false;
    }
    try {
      memory.process().process().read(into, ranges);
    } catch (StorageException e) {
      throw new FixedRamException(
          "RAM block "
              + map.block()
              + " can't be read from offset "
              + first * pageSize
              + " to "
              + end * pageSize
              + ": "
              + e.sentence(),
          e);
    }
    return true;
  }

  @Override
  public int parallelReads() {
    return Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_READERS);
  }
}
