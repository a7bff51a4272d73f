// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.BIG_ENDIAN;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.DamagedSaveException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of a stream through one buffer, in which pages can be accessed without a copy.
 * Not thread-safe.
 */
public final class StreamInput implements AutoCloseable {
  static final ValueLayout.OfShort BE16 = JAVA_SHORT_UNALIGNED.withOrder(BIG_ENDIAN);
  static final ValueLayout.OfInt BE32 = JAVA_INT_UNALIGNED.withOrder(BIG_ENDIAN);
  static final ValueLayout.OfLong BE64 = JAVA_LONG_UNALIGNED.withOrder(BIG_ENDIAN);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer;
  private final ByteSource source;
  private final String name;

  /** Stream position of the buffer's first byte. */
  private long bufferPosition;

  private int from;
  private int to;

  /**
   * Starts at position 0.
   *
   * @param name name of the source, for errors
   * @param bufferBytes size of the buffer, more than the largest single field
   */
  public StreamInput(ByteSource source, String name, int bufferBytes) {
    this.source = source;
    this.name = name;
    this.buffer = arena.allocate(bufferBytes, 4096);
  }

  /** Name of the source, for errors. */
  public String name() {
    return name;
  }

  /** Position of the next byte. */
  public long position() {
    return bufferPosition + from;
  }

  /** Continues at another position, which only sources with random access allow. */
  public void seek(long position) {
    if (position >= bufferPosition && position <= bufferPosition + to) {
      from = (int) (position - bufferPosition);
    } else {
      bufferPosition = position;
      from = 0;
      to = 0;
    }
  }

  /** Whether at least {@code bytes} more bytes follow; reads them into the buffer. */
  public boolean has(int bytes) {
    while (to - from < bytes) {
      if (!fill()) {
        return false;
      }
    }
    return true;
  }

  private boolean fill() {
    if (from == to) {
      bufferPosition += from;
      from = 0;
      to = 0;
    } else if (to == buffer.byteSize()) {
      MemorySegment.copy(buffer, from, buffer, 0, to - from);
      bufferPosition += from;
      to -= from;
      from = 0;
    }
    long count = source.read(bufferPosition + to, buffer, to, buffer.byteSize() - to);
    to += (int) count;
    return count > 0;
  }

  /** The buffer that the results of {@link #take} and {@link #takeSome} refer to. */
  public MemorySegment buffer() {
    return buffer;
  }

  /**
   * Consumes bytes and returns their offset in {@link #buffer()}, valid until the next call.
   *
   * @throws DamagedSaveException if the stream ends earlier
   */
  public int take(int bytes) {
    if (!has(bytes)) {
      throw incomplete("in the middle of a field or page");
    }
    int at = from;
    from += bytes;
    return at;
  }

  /**
   * Consumes all buffered bytes, after reading some if there are none. Returns their number, 0 at
   * the end of the stream.
   */
  public int takeSome() {
    if (!has(1)) {
      return 0;
    }
    int count = to - from;
    from = to;
    return count;
  }

  /** Offset in {@link #buffer()} of the last {@code bytes} consumed bytes. */
  public int lastTaken(int bytes) {
    return from - bytes;
  }

  /** Consumes one unsigned byte. */
  public int u8() {
    return Byte.toUnsignedInt(buffer.get(JAVA_BYTE, take(1)));
  }

  /** Consumes an unsigned big-endian integer of 2 bytes. */
  public int be16() {
    return Short.toUnsignedInt(buffer.get(BE16, take(2)));
  }

  /** Consumes a big-endian integer of 4 bytes. */
  public int be32() {
    return buffer.get(BE32, take(4));
  }

  /** Consumes a big-endian integer of 8 bytes. */
  public long be64() {
    return buffer.get(BE64, take(8));
  }

  /** Consumes a length byte and that many characters of one byte (ISO 8859-1). */
  public String name8() {
    return text(u8());
  }

  /** Consumes characters of one byte (ISO 8859-1). */
  public String text(int bytes) {
    return new String(bytes(bytes), StandardCharsets.ISO_8859_1);
  }

  /** Consumes bytes. */
  public byte[] bytes(int count) {
    return buffer.asSlice(take(count), count).toArray(JAVA_BYTE);
  }

  /**
   * The unsigned byte at {@code ahead} bytes after the position; -1 if the stream ends before it.
   */
  public int peekU8(int ahead) {
    return has(ahead + 1) ? Byte.toUnsignedInt(buffer.get(JAVA_BYTE, from + ahead)) : -1;
  }

  /**
   * The unsigned 4-byte integer at {@code ahead} bytes after the position; -1 if the stream ends
   * earlier.
   */
  public long peekBe32(int ahead) {
    return has(ahead + 4) ? Integer.toUnsignedLong(buffer.get(BE32, from + ahead)) : -1;
  }

  /**
   * The 8-byte integer at {@code ahead} bytes after the position; -1 if the stream ends earlier.
   */
  public long peekBe64(int ahead) {
    return has(ahead + 8) ? buffer.get(BE64, from + ahead) : -1;
  }

  /** Creates the error for invalid bytes at a position. */
  public DamagedSaveException damaged(long position, String what) {
    return new DamagedSaveException(name + " is damaged at offset " + position + ": " + what);
  }

  /** Creates the error for a stream that ends too early, at the last byte read. */
  public DamagedSaveException incomplete(String where) {
    return new DamagedSaveException(
        name + " is incomplete: it ends at offset " + (bufferPosition + to) + ", " + where);
  }

  @Override
  public void close() {
    arena.close();
  }
}
