// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * An array of 64-bit words, all 0 at first, with a fixed number of pieces in memory and the rest in
 * an unlinked file of the temporary directory. Efficient for accesses with locality. Safe for use
 * by several threads.
 */
final class WordFile implements AutoCloseable {
  private static final int PIECE_BYTES = 4096;
  private static final int PIECE_WORDS = PIECE_BYTES / Long.BYTES;

  /** 2 MiB in memory, which hold the words of 1 GiB of 4 KiB pages. */
  private static final int MAX_PIECES = 512;

  /** Present once the words do not all fit into memory. */
  private Optional<Descriptor> file = Optional.empty();

  private final Arena arena = Arena.ofShared();

  /** In order of use, the most recently used last. */
  private final Map<Long, Words> pieces = new LinkedHashMap<>(MAX_PIECES * 2, 0.75f, true);

  /** Creates an array of words that are all 0, without a file. */
  WordFile() {}

  private static final class Words {
    private final MemorySegment words;
    private boolean changed;

    Words(MemorySegment words) {
      this.words = words;
    }
  }

  private static Descriptor createFile() {
    Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    try {
      Path path = Files.createTempFile(directory, "fixedram-", ".index");
      try {
        return Descriptor.open(path, Descriptor.Mode.EXISTING);
      } finally {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new StorageException(
          "cannot write an index into the temporary directory " + directory + ": " + e.getMessage(),
          e);
    }
  }

  /**
   * Sets a word.
   *
   * @throws StorageException if the temporary directory can't be written
   */
  synchronized void put(long index, long word) {
    Words piece = piece(index / PIECE_WORDS);
    piece.words.setAtIndex(ValueLayout.JAVA_LONG, index % PIECE_WORDS, word);
    piece.changed = true;
  }

  /** Returns a word; 0 if it was not set. */
  synchronized long get(long index) {
    return piece(index / PIECE_WORDS).words.getAtIndex(ValueLayout.JAVA_LONG, index % PIECE_WORDS);
  }

  private Words piece(long number) {
    Words known = pieces.get(number);
    if (known != null) {
      return known;
    }
    Words piece = new Words(memory());
    long read =
        file.isEmpty() ? 0 : file.get().readUpTo(number * PIECE_BYTES, piece.words, 0, PIECE_BYTES);
    piece.words.asSlice(read).fill((byte) 0);
    pieces.put(number, piece);
    return piece;
  }

  /**
   * New memory for a piece or, once the maximum is reached, that of the least recently used piece.
   */
  private MemorySegment memory() {
    if (pieces.size() < MAX_PIECES) {
      return arena.allocate(PIECE_BYTES, Long.BYTES);
    }
    var oldest = pieces.entrySet().iterator();
    Map.Entry<Long, Words> entry = oldest.next();
    if (entry.getValue().changed) {
      if (file.isEmpty()) {
        file = Optional.of(createFile());
      }
      file.get().write(entry.getKey() * PIECE_BYTES, entry.getValue().words, 0, PIECE_BYTES);
    }
    oldest.remove();
    return entry.getValue().words;
  }

  @Override
  public synchronized void close() {
    file.ifPresent(Descriptor::close);
    arena.close();
  }
}
