// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.fingerprint.PageFingerprint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The digest of a part of a file: the fingerprints of its pieces of 4 KiB are a new part, and so
 * on, until one is left. Memory: at most {@value #READ_BYTES} bytes, whatever the part's length.
 */
public final class PartDigest {
  /** Length of a digest as hexadecimal digits. */
  static final int DIGITS = 2 * PageFingerprint.BYTES;

  private static final int PIECE_BYTES = 4096;
  private static final int READ_BYTES = 64 * PIECE_BYTES;

  private final Arena arena;
  private final MemorySegment print;

  /** The fingerprints of each level that wait for a whole piece of them, the lowest level first. */
  private final List<Level> levels = new ArrayList<>();

  /** The fingerprints of the pieces of the level below. */
  private final class Level {
    private final MemorySegment prints = arena.allocate(PIECE_BYTES, Long.BYTES);
    private long used;
    private long count;
  }

  private PartDigest(Arena arena) {
    this.arena = arena;
    this.print = arena.allocate(PageFingerprint.BYTES, Long.BYTES);
  }

  /**
   * The digest of a part, as hexadecimal digits.
   *
   * @param name name of the file, for errors
   * @throws DamagedSaveException if the file ends earlier
   */
  public static String of(ByteSource bytes, String name, long offset, long lengthBytes) {
    try (Arena arena = Arena.ofConfined()) {
      return new PartDigest(arena).digest(bytes, name, offset, lengthBytes);
    }
  }

  private String digest(ByteSource bytes, String name, long offset, long lengthBytes) {
    long size = Math.min(READ_BYTES, pieces(lengthBytes) * PIECE_BYTES);
    MemorySegment buffer = arena.allocate(Math.max(PIECE_BYTES, size), PIECE_BYTES);
    MemorySegment prints = arena.allocate(READ_BYTES / PIECE_BYTES * PageFingerprint.BYTES);
    for (long done = 0; done < lengthBytes; done += READ_BYTES) {
      long length = Math.min(READ_BYTES, lengthBytes - done);
      readFully(bytes, name, offset + done, buffer, length);
      long count = pieces(length);
      buffer.asSlice(length, count * PIECE_BYTES - length).fill((byte) 0);
      PageFingerprint.write(buffer, 0, PIECE_BYTES, count, prints);
      for (long piece = 0; piece < count; piece++) {
        add(0, prints, piece * PageFingerprint.BYTES);
      }
    }
    return finish();
  }

  private static long pieces(long lengthBytes) {
    return (lengthBytes + PIECE_BYTES - 1) / PIECE_BYTES;
  }

  private static void readFully(
      ByteSource bytes, String name, long position, MemorySegment into, long lengthBytes) {
    for (long done = 0; done < lengthBytes; ) {
      long count = bytes.read(position + done, into, done, lengthBytes - done);
      if (count == 0) {
        throw new DamagedSaveException(
            name + " is incomplete: it ends at offset " + (position + done));
      }
      done += count;
    }
  }

  private void add(int index, MemorySegment print, long at) {
    if (index == levels.size()) {
      levels.add(new Level());
    }
    Level level = levels.get(index);
    MemorySegment.copy(print, at, level.prints, level.used, PageFingerprint.BYTES);
    level.used += PageFingerprint.BYTES;
    level.count++;
    if (level.used == PIECE_BYTES) {
      endPiece(index);
    }
  }

  private void endPiece(int index) {
    Level level = levels.get(index);
    level.prints.asSlice(level.used).fill((byte) 0);
    level.used = 0;
    // Copied before the next level may end a piece of its own.
    PageFingerprint.write(level.prints, 0, PIECE_BYTES, 1, print);
    add(index + 1, print, 0);
  }

  private String finish() {
    for (int index = 0; index < levels.size(); index++) {
      Level level = levels.get(index);
      if (level.count == 1) {
        return hex(level.prints.asSlice(0, PageFingerprint.BYTES));
      }
      if (level.used > 0) {
        endPiece(index);
      }
    }
    return "0".repeat(DIGITS);
  }

  private static String hex(MemorySegment print) {
    return HexFormat.of().formatHex(print.toArray(ValueLayout.JAVA_BYTE));
  }
}
