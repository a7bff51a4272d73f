// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.bytes.StoreState;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.lang.foreign.MemorySegment;

/**
 * A stopped guest in a QEMU as a store: its memory, and its device state, which was read before.
 */
final class MemoryStore implements PageStore {
  private final MemoryPages memory;
  private final DeviceState devices;

  MemoryStore(MemoryPages memory, DeviceState devices) {
    this.memory = memory;
    this.devices = devices;
  }

  @Override
  public String name() {
    return memory.name();
  }

  @Override
  public SaveHeader header() {
    return memory.header();
  }

  @Override
  public PageMap pages(RamBlock block) {
    return memory.pages(block);
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    return memory.read(map, first, end, into, offset);
  }

  @Override
  public int parallelReads() {
    return memory.parallelReads();
  }

  @Override
  public DeviceState deviceState() {
    return devices;
  }

  /** Nothing here keeps the guest from being resumed. */
  @Override
  public StoreState state() {
    return new StoreState.Changing();
  }

  @Override
  public void close() {}
}
