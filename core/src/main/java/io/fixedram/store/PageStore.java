// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.FilePlace;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StoreState;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The RAM blocks of a guest, whose pages can be read in any order, and its device state: a
 * fixed-offset file, a sequential stream in a file, a view of another store, or the memory of a
 * guest. {@link Saves} opens saves on disk.
 *
 * <p>{@link #pages}, {@link #read} and {@link #deviceState} may be called by any number of threads
 * at a time; {@link #close()} must be called last.
 */
public interface PageStore extends PageSource, AutoCloseable {
  /** Name of the store in messages; for a file its path. */
  String name();

  /** The part of the save that precedes the first page. */
  SaveHeader header();

  /**
   * The blocks whose pages this store has, in the header's order: all blocks, unless it is a view.
   */
  default List<RamBlock> blocks() {
    return header().blocks().list();
  }

  /**
   * The kind of each page of a block.
   *
   * @param block one of {@link #blocks()}
   * @throws DamagedSaveException if the content is found to contradict the map
   * @throws FixedRamException if the map can't be read
   */
  PageMap pages(RamBlock block);

  /** The kind of each page of a block as the store lists it, not checked against the content. */
  default PageMap listedPages(RamBlock block) {
    return pages(block);
  }

  /**
   * Reads the stored pages of a run, each to its place in memory. The memory of zero pages between
   * them has undefined content afterwards.
   *
   * @param map page map of the block from {@link #pages}
   * @param first the first page
   * @param end the page after the last
   * @param into memory to read into
   * @param offset offset in that memory of the first page
   * @return false if all the pages are known to be zero and the memory was not changed
   * @throws DamagedSaveException if a page is missing
   * @throws FixedRamException if a page can't be read
   */
  boolean read(PageMap map, long first, long end, MemorySegment into, long offset);

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

  /** Number of concurrent calls of {@link #read} that the store answers as fast as one. */
  default int parallelReads() {
    return 1;
  }

  /** The file that the store reads; empty if it does not read a file. */
  default Optional<SaveFile> file() {
    return Optional.empty();
  }

  /** The local file that holds the save from its first byte on; empty if there is none. */
  default Optional<LocalFile> localFile() {
    return file()
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
