// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteSource;
import io.fixedram.bytes.ByteStore;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.fingerprint.PrintKind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;

/**
 * The digest of a part of a file: the fingerprints of its pieces of {@value #PIECE_BYTES} bytes are
 * a new part, and so on, until one is left. Holes are not read, and take no time however long they
 * are. Memory: at most {@value #READ_BYTES} bytes, whatever the part's length.
 */
public final class PartDigest {
  /** Length of a piece. */
  static final int PIECE_BYTES = 4096;

  private static final int READ_BYTES = 64 * PIECE_BYTES;

  private final PrintKind kind;
  private final Arena arena;
  private final MemorySegment print;
  private final PrintTaker taker;

  /** The fingerprints of each level that wait for a whole piece of them, the lowest level first. */
  private final List<Level> levels = new ArrayList<>();

  /** The fingerprints of the pieces of the level below. */
  private final class Level {
    private final MemorySegment prints = arena.allocate(PIECE_BYTES, Long.BYTES);
    private long used;
    private long count;
  }

  /**
   * What a part is read from.
   *
   * @param nextData the first position at or after one where bytes may be other than zero; empty if
   *     there is none
   * @param name name of the file, for errors
   */
  public record Input(ByteSource bytes, LongFunction<OptionalLong> nextData, String name) {
    /** Reads a store. */
    public static Input of(ByteStore store) {
      return new Input(store, store::nextData, store.name());
    }

    /** Reads bytes in memory. */
    static Input of(byte[] bytes, String name) {
      MemorySegment all = MemorySegment.ofArray(bytes);
      return new Input(
          (position, into, offset, length) -> {
            long count = Math.min(length, bytes.length - position);
            MemorySegment.copy(all, position, into, offset, count);
            return count;
          },
          OptionalLong::of,
          name);
    }
  }

  /** Takes the fingerprints of the lowest level, except those of pieces of zeros in holes. */
  @FunctionalInterface
  interface PrintTaker {
    /**
     * Takes the fingerprints of adjacent pieces.
     *
     * @param first index of the first piece in the part
     * @param count number of pieces
     * @param prints the fingerprints, valid during the call only
     */
    void take(long first, long count, MemorySegment prints);
  }

  private PartDigest(PrintKind kind, Arena arena, PrintTaker taker) {
    this.kind = kind;
    this.arena = arena;
    this.taker = taker;
    this.print = arena.allocate(kind.bytes(), Long.BYTES);
  }

  /**
   * The digest of a part, as hexadecimal digits.
   *
   * @throws DamagedSaveException if the file ends earlier
   * @throws CancelledException if cancelled
   */
  public static String of(
      PrintKind kind, Input input, long offset, long lengthBytes, Cancellation cancellation) {
    return of(kind, input, offset, lengthBytes, cancellation, (first, count, prints) -> {});
  }

  /** The digest of a part, whose lowest fingerprints are passed on. */
  static String of(
      PrintKind kind,
      Input input,
      long offset,
      long lengthBytes,
      Cancellation cancellation,
      PrintTaker taker) {
    try (Arena arena = Arena.ofConfined()) {
      return new PartDigest(kind, arena, taker).digest(input, offset, lengthBytes, cancellation);
    }
  }

  /** The digest of bytes in memory. */
  static String of(PrintKind kind, byte[] bytes) {
    return of(kind, Input.of(bytes, "memory"), 0, bytes.length, new Cancellation());
  }

  /** Length of a digest as hexadecimal digits. */
  static int digits(PrintKind kind) {
    return 2 * kind.bytes();
  }

  /** Number of pieces of a part. */
  static long pieces(long lengthBytes) {
    return (lengthBytes + PIECE_BYTES - 1) / PIECE_BYTES;
  }

  private String digest(Input input, long offset, long lengthBytes, Cancellation cancellation) {
    long size = Math.min(READ_BYTES, pieces(lengthBytes) * PIECE_BYTES);
    MemorySegment buffer = arena.allocate(Math.max(PIECE_BYTES, size), PIECE_BYTES);
    MemorySegment prints = arena.allocate((long) READ_BYTES / PIECE_BYTES * kind.bytes());
    for (long done = 0; done < lengthBytes; ) {
      cancellation.throwIfCancelled();
      long hole = hole(input, offset + done, lengthBytes - done);
      if (hole > 0) {
        addZeros(0, hole);
        done += hole * PIECE_BYTES;
        continue;
      }
      long length = Math.min(READ_BYTES, lengthBytes - done);
      readFully(input, offset + done, buffer, length);
      long count = pieces(length);
      buffer.asSlice(length, count * PIECE_BYTES - length).fill((byte) 0);
      kind.write(buffer, 0, PIECE_BYTES, count, prints);
      taker.take(done / PIECE_BYTES, count, prints);
      for (long piece = 0; piece < count; piece++) {
        add(0, prints, piece * kind.bytes());
      }
      done += length;
    }
    return finish();
  }

  /** Number of pieces from a position on that are in a hole. */
  private static long hole(Input input, long position, long lengthBytes) {
    OptionalLong data = input.nextData().apply(position);
    return data.isPresent() && data.getAsLong() < position + lengthBytes
        ? (data.getAsLong() - position) / PIECE_BYTES
        : pieces(lengthBytes);
  }

  private static void readFully(Input input, long position, MemorySegment into, long lengthBytes) {
    for (long done = 0; done < lengthBytes; ) {
      long count = input.bytes().read(position + done, into, done, lengthBytes - done);
      if (count == 0) {
        throw new DamagedSaveException(
            input.name() + " is incomplete: it ends at offset " + (position + done));
      }
      done += count;
    }
  }

  private Level level(int index) {
    if (index == levels.size()) {
      levels.add(new Level());
    }
    return levels.get(index);
  }

  private void add(int index, MemorySegment print, long at) {
    Level level = level(index);
    MemorySegment.copy(print, at, level.prints, level.used, kind.bytes());
    level.used += kind.bytes();
    level.count++;
    if (level.used == PIECE_BYTES) {
      endPiece(index);
    }
  }

  /** Adds fingerprints that are zero, whose pieces have fingerprints that are zero, and so on. */
  private void addZeros(int index, long count) {
    Level level = level(index);
    long room = (PIECE_BYTES - level.used) / kind.bytes();
    level.count += count;
    if (count < room) {
      addZerosToPiece(level, count);
      return;
    }
    endPiece(index);
    long each = PIECE_BYTES / kind.bytes();
    long whole = (count - room) / each;
    if (whole > 0) {
      addZeros(index + 1, whole);
    }
    addZerosToPiece(level, (count - room) % each);
  }

  private void addZerosToPiece(Level level, long count) {
    level.prints.asSlice(level.used, count * kind.bytes()).fill((byte) 0);
    level.used += count * kind.bytes();
  }

  /** Ends a piece, which is filled up with zeros. */
  private void endPiece(int index) {
    Level level = levels.get(index);
    level.prints.asSlice(level.used).fill((byte) 0);
    level.used = 0;
    // Copied before the next level may end a piece of its own.
    kind.write(level.prints, 0, PIECE_BYTES, 1, print);
    add(index + 1, print, 0);
  }

  private String finish() {
    for (int index = 0; index < levels.size(); index++) {
      Level level = levels.get(index);
      if (level.count == 1) {
        return hex(level.prints.asSlice(0, kind.bytes()));
      }
      if (level.used > 0) {
        endPiece(index);
      }
    }
    return "0".repeat(digits(kind));
  }

  private static String hex(MemorySegment print) {
    return HexFormat.of().formatHex(print.toArray(ValueLayout.JAVA_BYTE));
  }
}
