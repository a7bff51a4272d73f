// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.StoreState;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveSeal;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A view of a store without the pages of some blocks. */
final class PartialStore implements PageStore {
  private final PageStore whole;
  private final List<RamBlock> blocks;

  PartialStore(PageStore whole, Set<RamBlock> without) {
    this.whole = whole;
    this.blocks = whole.blocks().stream().filter(block -> !without.contains(block)).toList();
  }

  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public SaveHeader header() {
    return whole.header();
  }

  @Override
  public List<RamBlock> blocks() {
    return blocks;
  }

  @Override
  public PageMap pages(RamBlock block) {
    return whole.pages(block);
  }

  @Override
  public PageMap listedPages(RamBlock block) {
    return whole.listedPages(block);
  }

  @Override
  public Optional<SaveFile> file() {
    return whole.file();
  }

  @Override
  public Optional<BlockPlace> place(RamBlock block) {
    return whole.place(block);
  }

  @Override
  public boolean isExact(RamBlock block) {
    return whole.isExact(block);
  }

  @Override
  public Optional<SaveSeal> seal() {
    return whole.seal();
  }

  @Override
  public Optional<String> manifest() {
    return whole.manifest();
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    return whole.read(map, first, end, into, offset);
  }

  @Override
  public DeviceState deviceState() {
    return whole.deviceState();
  }

  @Override
  public int parallelReads() {
    return whole.parallelReads();
  }

  @Override
  public StoreState state() {
    return whole.state();
  }

  @Override
  public boolean isRandomAccess() {
    return whole.isRandomAccess();
  }

  @Override
  public void close() {}
}
