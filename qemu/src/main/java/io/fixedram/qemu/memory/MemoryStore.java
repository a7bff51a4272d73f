// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.bytes.StoreState;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.os.OtherProcess.Piece;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The memory of a QEMU as a store of pages. A zero page in a page map was zero when the map was
 * created; all other pages are read from QEMU each time. Pages that are read while the guest runs
 * may be torn.
 */
final class MemoryStore implements PageStore {
  /** Maximum number of threads; more would not help, since they saturate the memory's bandwidth. */
  private static final int MAX_READERS = 4;

  private final String name;
  private final QemuMemory memory;
  private final SaveHeader header;
  private final Optional<DeviceState> devices;
  private final PopulatedPages populated;

  MemoryStore(String name, QemuMemory memory, SaveHeader header, Optional<DeviceState> devices) {
    this.name = name;
    this.memory = memory;
    this.header = header;
    this.devices = devices;
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
    List<Piece> pieces = new ArrayList<>();
    long pageSize = map.pageSize();
    long host = memory.located(map.block()).host();
    map.stored()
        .forEachRun(
            first,
            end,
            (page, count) ->
                pieces.add(
                    new Piece(
                        offset + (page - first) * pageSize,
                        host + page * pageSize,
                        count * pageSize)));
    if (pieces.isEmpty()) {
      return false;
    }
    try {
      memory.process().process().read(into, pieces);
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

  /**
   * {@inheritDoc}
   *
   * @throws FixedRamException if the device state was not read
   */
  @Override
  public DeviceState deviceState() {
    return devices.orElseThrow(() ->
        new FixedRamException(
            "the state of the guest's devices was not taken: it can be only while the guest"
                + " is stopped"));
  }

  @Override
  public StoreState state() {
    return new StoreState.Changing();
  }

  @Override
  public void close() {}
}
