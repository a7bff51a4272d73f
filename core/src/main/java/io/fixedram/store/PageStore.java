// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.FilePlace;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StoreState;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveSeal;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A whole guest, whose pages can be read in any order: its RAM blocks and its device state. A
 * fixed-offset file, a sequential stream in a file, a view of another store, or the memory of a
 * stopped guest. {@link Saves} opens saves on disk.
 *
 * <p>{@link #pages}, {@link #read} and {@link #deviceState} may be called by any number of threads
 * at a time; {@link #close()} must be called last.
 */
public interface PageStore extends RamPages, PageSource, AutoCloseable {
  /** The kind of each page of a block as the store lists it, not checked against the content. */
  default PageMap listedPages(RamBlock block) {
    return pages(block);
  }

  /**
   * The device state.
   *
   * @throws FixedRamException if the device state is damaged, incomplete, or can't be carried
   */
  DeviceState deviceState();

  /** Whether the content has changed since the store was opened. */
  StoreState state();

  /**
   * Whether reading pages in any order, and reading their kinds, costs no more than reading pages
   * in the order of {@link #sendTo}.
   */
  default boolean isRandomAccess() {
    return true;
  }

  /** The file that the store reads; empty if it does not read a file. */
  default Optional<SaveFile> file() {
    return Optional.empty();
  }

  /** The local file that holds the save from its first byte on; empty if there is none. */
  default Optional<LocalFile> localFile() {
    return file()
        .filter(file -> file.start() == 0)
        .flatMap(file -> file.bytes().filePlace(0))
        .filter(place -> place.position() == 0)
        .map(FilePlace::file);
  }

  /**
   * Offsets of a block's bitmap and pages in {@link #file()}; empty if pages have no fixed offsets.
   */
  default Optional<BlockPlace> place(RamBlock block) {
    return Optional.empty();
  }

  /**
   * Whether the region of {@link #file()} at {@link #place} is known to equal the block's memory
   * byte for byte, including zero pages. Valid after {@link #pages} has returned.
   */
  default boolean isExact(RamBlock block) {
    return false;
  }

  /**
   * The save's seal: everything that is read of it is checked. Empty if it has none, and nothing is
   * checked.
   */
  default Optional<SaveSeal> seal() {
    return Optional.empty();
  }

  /** The places of all blocks that have one. */
  default List<BlockPlace> places() {
    return blocks().stream().flatMap(block -> place(block).stream()).toList();
  }

  /**
   * A view of this store without the pages of some blocks, for destinations that have them already.
   * Its header still lists these blocks. Closing the view does not close this store.
   */
  default PageStore without(Set<RamBlock> blocks) {
    return new PartialStore(this, blocks);
  }

  /**
   * {@inheritDoc} May be called any number of times. By default each page is sent once, in the
   * order of blocks and pages.
   *
   * @throws FixedRamException if the save is not complete; thrown before anything is sent if this
   *     can be known then
   */
  @Override
  default void sendTo(SaveSink sink) {
    DeviceState state = deviceState();
    blocks().forEach(this::pages);
    sink.begin(header());
    try (ReadAhead pages = new ReadAhead(this)) {
      pages.sendTo(sink);
    }
    sink.end(state);
  }

  @Override
  void close();
}
