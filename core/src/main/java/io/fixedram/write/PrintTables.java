// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;

/**
 * Keeps the tables of fingerprints in a file equal to its pages. The fingerprints of a chunk are
 * computed from the chunk's buffer, which is what is written, and go to the file in one write; the
 * tables take no memory.
 *
 * <p>Safe for use by several threads that write different pieces of a block: their fingerprints are
 * different bytes of the file.
 */
final class PrintTables {
  private final PageFile file;
  private final List<TablePlace> tables;
  private final PrintKind kind;
  private final int pageSize;

  /**
   * Begins with tables that are holes.
   *
   * @param tables table of each block; empty if the file has none
   * @param kind kind of the fingerprints
   */
  PrintTables(PageFile file, List<TablePlace> tables, PrintKind kind, int pageSize) {
    this.file = file;
    this.tables = List.copyOf(tables);
    this.kind = kind;
    this.pageSize = pageSize;
  }

  /**
   * Records that pages of a chunk were written or became zero.
   *
   * @param chunk its buffer has the content that was written
   * @param zero pages that had content in the file and are zero now
   * @param others whether other pages of the piece may have content in the file
   */
  void update(Chunk chunk, BitSet zero, boolean others) {
    BitSet data = chunk.data();
    if (tables.isEmpty() || (data.isEmpty() && zero.isEmpty())) {
      return;
    }
    int first = first(data, zero);
    int count = Math.max(data.length(), zero.length()) - first;
    long at = chunk.key().index() * (Chunk.BYTES / pageSize) + first;
    long position = tables.get(chunk.key().block()).tableOffset() + at * kind.bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment prints = arena.allocate((long) count * kind.bytes(), Long.BYTES);
      if (others) {
        file.read(position, prints);
      }
      zero.stream().forEach(page -> print(prints, page - first, 1).fill((byte) 0));
      for (int from = data.nextSetBit(0); from >= 0; ) {
        int end = data.nextClearBit(from);
        kind.write(
            chunk.buffer(),
            (long) from * pageSize,
            pageSize,
            end - from,
            print(prints, from - first, end - from));
        from = data.nextSetBit(end);
      }
      file.writeCached(position, prints);
    }
  }

  private static int first(BitSet data, BitSet zero) {
    if (data.isEmpty() || zero.isEmpty()) {
      return Math.max(data.nextSetBit(0), zero.nextSetBit(0));
    }
    return Math.min(data.nextSetBit(0), zero.nextSetBit(0));
  }

  private MemorySegment print(MemorySegment prints, int page, int count) {
    return prints.asSlice((long) page * kind.bytes(), (long) count * kind.bytes());
  }
}
