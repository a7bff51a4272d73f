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
 * Pages at offsets: the RAM blocks of a guest, whose pages can be read in any order, and the state
 * of its devices. A fixed-offset file, a sequential stream in a file, a view of another store; the
 * memory of a guest. {@link Saves} opens what is on disk.
 *
 * <p>{@link #pages}, {@link #read} and {@link #deviceState} may be called by any number of threads
 * at a time; {@link #close()} comes last.
 */
public interface PageStore extends PageSource, AutoCloseable {
  /** What the store is called in messages: the path of a file. */
  String name();

  /** All that stands before the first page. */
  SaveHeader header();

  /** The blocks whose pages are here, in the header's order: all of them, unless it is a view. */
  default List<RamBlock> blocks() {
    return header().blocks().list();
  }

  /**
   * Of which kind each page of a block is.
   *
   * @param block one of {@link #blocks()}
   * @throws DamagedSaveException if that is seen not to be true
   * @throws FixedRamException if it can't be read
   */
  PageMap pages(RamBlock block);

  /** The same as the store lists it, without a look at whether it is true. */
  default PageMap listedPages(RamBlock block) {
    return pages(block);
  }

  /**
   * Reads the stored pages of a run, each to its place in memory. Memory of the zero pages between
   * them may be overwritten with anything.
   *
   * @param map the block's, as {@link #pages} gives it
   * @param first the first page
   * @param end the page after the last
   * @param into memory that the run has its place in
   * @param offset where in it the first page goes
   * @return false if all the pages are known to be zeros, and the memory was left as it was
   * @throws DamagedSaveException if a page is not there
   * @throws FixedRamException if a page can't be read
   */
  boolean read(PageMap map, long first, long end, MemorySegment into, long offset);

  /**
   * The state of the devices.
   *
   * @throws FixedRamException if what stands after the RAM is damaged, incomplete, or can't be
   *     carried
   */
  DeviceState deviceState();

  /** Whether what is read now is what was there when the store was opened. */
  StoreState state();

  /**
   * Whether pages read in any order, and the map of kinds, come at no more cost than pages read in
   * the order of {@link #sendTo}.
   */
  default boolean isRandomAccess() {
    return true;
  }

  /** How many calls of {@link #read} at a time the store answers as fast as one. */
  default int parallelReads() {
    return 1;
  }

  /** The file that the store reads, if it is one. */
  default Optional<SaveFile> file() {
    return Optional.empty();
  }

  /** The local file that holds the save from its first byte on, if there is one. */
  default Optional<LocalFile> localFile() {
    return file()
        .flatMap(file -> file.bytes().filePlace(0))
        .filter(place -> place.position() == 0)
        .map(FilePlace::file);
  }

  /** Where bitmap and pages of a block stand in {@link #file()}, if each page has one offset. */
  default Optional<BlockPlace> place(RamBlock block) {
    return Optional.empty();
  }

  /**
   * Whether the region of {@link #file()} at {@link #place} is known to be the block's memory byte
   * for byte, zero pages too, once {@link #pages} has been read.
   */
  default boolean isExact(RamBlock block) {
    return false;
  }

  /** The places of all blocks that have one. */
  default List<BlockPlace> places() {
    return blocks().stream().flatMap(block -> place(block).stream()).toList();
  }

  /**
   * The same store without the pages of some blocks, for destinations that have them already; the
   * header lists them nevertheless. Closing it closes nothing.
   */
  default PageStore without(Set<RamBlock> blocks) {
    return new PartialStore(this, blocks);
  }

  /**
   * {@inheritDoc} May be called any number of times. By default each page comes once, in the order
   * of blocks and pages.
   *
   * @throws FixedRamException if the save is not complete, before anything is sent where that can
   *     be known then
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
