// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.StoreState;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A save in a file that has the content of some pages of a block in another store. */
public final class DifferenceStore implements PageStore {
  private final PageStore file;
  private final RamBlock block;
  private final PageBitmap elsewhere;

  /** Takes a save whose given pages are zero in its file. */
  public DifferenceStore(PageStore file, RamBlock block, long... elsewhere) {
    this.file = file;
    this.block = block;
    this.elsewhere = new PageBitmap(file.header().blocks().pages(block));
    for (long page : elsewhere) {
      this.elsewhere.set(page, 1);
    }
  }

  @Override
  public String name() {
    return file.name();
  }

  @Override
  public SaveHeader header() {
    return file.header();
  }

  @Override
  public PageMap pages(RamBlock of) {
    PageMap here = file.pages(of);
    if (!of.equals(block)) {
      return here;
    }
    PageBitmap stored = new PageBitmap(here.pages());
    here.stored().forEachRun(stored::set);
    elsewhere.forEachRun(stored::set);
    return new PageMap(of, stored, Optional.of(elsewhere));
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    throw new AssertionError("the other store is not here");
  }

  @Override
  public Optional<SaveFile> file() {
    return file.file();
  }

  @Override
  public Optional<BlockPlace> place(RamBlock of) {
    return file.place(of);
  }

  @Override
  public boolean isExact(RamBlock of) {
    return file.isExact(of);
  }

  @Override
  public DeviceState deviceState() {
    return file.deviceState();
  }

  @Override
  public StoreState state() {
    return file.state();
  }

  @Override
  public void close() {
    file.close();
  }
}
