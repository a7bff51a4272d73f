// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.OtherProcess;
import io.fixedram.os.OtherProcess.Range;
import io.fixedram.qemu.migration.QemuRamBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the addresses of RAM blocks in QEMU's records of them in its heap, for versions whose
 * monitor does not list them (before 8.0). The layout was determined from processes of QEMU 7.2 and
 * 10.0; a record is, in words of 8 bytes:
 *
 * <pre>
 *   address, 0 (a second one under COLO), offset, used length, whole length,
 *   a function's address, then 4 bytes of flags, then the name in 256 bytes
 * </pre>
 *
 * <p>Data of a guest in QEMU's heap may look like a record too. A block that is found at two
 * addresses, or not at all, must therefore be refused.
 */
final class BlockSearch {
  private static final int WORD = Long.BYTES;
  private static final int HOST_WORD = -2;
  private static final int COLO_WORD = -1;
  private static final int NAME_AT = 4 * WORD + Integer.BYTES;
  private static final int NAME_BYTES = 256;

  /** Bytes of a record before its offset, and from its offset on. */
  private static final int BYTES_BEFORE = 2 * WORD;

  private static final int BYTES_FROM = NAME_AT + NAME_BYTES;
  private static final int PIECE_BYTES = 1 << 20;
  private static final int PAGE_BYTES = 4096;

  /** A multiplier that spreads the bits of lengths over the word. */
  private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

  private final OtherProcess process;
  private final List<QemuRamBlock> blocks;
  private final Map<QemuRamBlock, Set<Long>> found = new HashMap<>();

  /** Bit set of the hash classes (64) of the used lengths, for a fast check of words. */
  private final long lengths;

  private BlockSearch(OtherProcess process, List<QemuRamBlock> blocks) {
    this.process = process;
    this.blocks = blocks;
    long bits = 0;
    for (QemuRamBlock block : blocks) {
      found.put(block, new HashSet<>());
      bits |= 1L << classOf(block.usedLength());
    }
    lengths = bits;
  }

  private static int classOf(long number) {
    return (int) ((number * SPREAD) >>> 58);
  }

  /**
   * Searches the heap of a QEMU.
   *
   * @return for each block, the addresses in its records
   */
  static Map<QemuRamBlock, Set<Long>> run(
      OtherProcess process, AddressSpace space, List<QemuRamBlock> blocks) {
    BlockSearch search = new BlockSearch(process, blocks);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(PIECE_BYTES, WORD);
      long[] words = new long[PIECE_BYTES / WORD];
      for (Mapping heap : space.heap()) {
        search.search(heap, piece, words);
      }
    }
    return search.found;
  }

  private void search(Mapping heap, MemorySegment piece, long[] words) {
    long step = PIECE_BYTES - BYTES_BEFORE - BYTES_FROM / WORD * WORD - WORD;
    for (long at = heap.start(); at < heap.end(); at += step) {
      long length = Math.min(PIECE_BYTES, heap.end() - at);
      long read = read(at, length, piece);
      search(piece.asSlice(0, read), words);
      if (read < length) {
        return;
      }
    }
  }

  /**
   * Reads up to {@code length} bytes, fewer if the heap has shrunk meanwhile; returns the number
   * read.
   */
  private long read(long at, long length, MemorySegment into) {
    try {
      process.read(into, List.of(new Range(0, at, length)));
      return length;
    } catch (StorageException e) {
      if (e.errno() != Errno.EFAULT.number()) {
        throw e;
      }
    }
    // In the middle, between two pages: what is there of the last page that is there is read.
    long middle = Math.max((at + length / 2) / PAGE_BYTES, at / PAGE_BYTES + 1) * PAGE_BYTES;
    if (middle >= at + length) {
      return 0;
    }
    long half = middle - at;
    long read = read(at, half, into);
    return read < half ? read : half + read(middle, length - half, into.asSlice(half));
  }

  /**
   * Searches memory that was read.
   *
   * @param words buffer for it, since interpreted code is much faster with an array than with a
   *     segment
   */
  private void search(MemorySegment memory, long[] words) {
    MemorySegment.copy(
        memory, ValueLayout.JAVA_LONG, 0, words, 0, (int) (memory.byteSize() / WORD));
    int last = (int) ((memory.byteSize() - BYTES_FROM) / WORD);
    for (int i = BYTES_BEFORE / WORD; i <= last; i++) {
      long used = words[i + 1];
      if (((lengths >>> classOf(used)) & 1) != 0) {
        look(memory, (long) i * WORD, used);
      }
    }
  }

  private void look(MemorySegment memory, long at, long used) {
    for (QemuRamBlock block : blocks) {
      if (block.usedLength() == used
          && block.offset() == word(memory, at, 0)
          && block.wholeLength() == word(memory, at, 2)
          && word(memory, at, COLO_WORD) == 0
          && isName(memory, at + NAME_AT, block.name())) {
        found.computeIfAbsent(block, _ -> new HashSet<>()).add(word(memory, at, HOST_WORD));
      }
    }
  }

  private static boolean isName(MemorySegment memory, long at, String name) {
    byte[] wanted = (name + "\0").getBytes(StandardCharsets.ISO_8859_1);
    return memory.asSlice(at, wanted.length).mismatch(MemorySegment.ofArray(wanted)) == -1;
  }

  private static long word(MemorySegment memory, long at, int index) {
    return memory.get(ValueLayout.JAVA_LONG, at + (long) index * WORD);
  }
}
