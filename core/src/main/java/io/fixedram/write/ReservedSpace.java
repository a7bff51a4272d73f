// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.Errno;
import java.util.List;

/**
 * Space for everything in a fixed-offset file, reserved before its pages come. What was not needed
 * is given back at the end: places of zero pages by {@link AheadAllocation}, the rest here.
 */
final class ReservedSpace {
  /** Space for the device state and the footer, whose lengths are not known before. */
  static final long TAIL_BYTES = 8 << 20;

  private final PageFile file;
  private final List<BlockPlace> places;
  private final List<TablePlace> tables;
  private final int markBytes;
  private final PrintKind prints;

  /**
   * Prepares to reserve space.
   *
   * @param tables table of each block; empty if the file has none
   * @param markBytes bytes behind each block's bitmap
   * @param prints kind of the fingerprints in the tables
   */
  ReservedSpace(
      PageFile file,
      List<BlockPlace> places,
      List<TablePlace> tables,
      int markBytes,
      PrintKind prints) {
    this.file = file;
    this.places = places;
    this.tables = tables;
    this.markBytes = markBytes;
    this.prints = prints;
  }

  /**
   * Reserves the space.
   *
   * @throws StorageException if there is not enough, or the file system can't reserve any
   */
  void reserve() {
    try {
      long from = 0;
      for (int i = 0; i < places.size(); i++) {
        BlockPlace place = places.get(i);
        long end =
            tables.isEmpty()
                ? place.bitmapOffset() + place.bitmapBytes() + markBytes
                : tables.get(i).end();
        file.reserve(from, end - from);
        if (place.block().usedLength() > 0) {
          file.reserve(place.pagesOffset(), place.block().usedLength());
        }
        from = place.end();
      }
      file.reserve(from, TAIL_BYTES);
    } catch (StorageException e) {
      boolean unsupported =
          e.errno() == Errno.EOPNOTSUPP.number() || e.errno() == Errno.ENOSYS.number();
      throw new StorageException(
          e.sentence(), e.errno(), unsupported ? Remedy.DO_NOT_RESERVE : Remedy.WRITE_ELSEWHERE);
    }
  }

  /**
   * Gives back the parts of the tables that have no fingerprint.
   *
   * @param written for each block, the pages that the file holds
   */
  void giveBackTables(List<PageBitmap> written) {
    for (int i = 0; i < tables.size(); i++) {
      TablePlace table = tables.get(i);
      PageBitmap pages = written.get(places.get(i).block().index());
      long inPiece = TablePlace.ALIGNMENT_BYTES / prints.bytes();
      for (long page = 0; page < pages.pages(); ) {
        long next = pages.nextSet(page);
        long present = next == pages.pages() ? next : next / inPiece * inPiece;
        if (present > page) {
          file.giveBack(
              table.tableOffset() + page * prints.bytes(), (present - page) * prints.bytes());
        }
        page = present + inPiece;
      }
    }
  }
}
