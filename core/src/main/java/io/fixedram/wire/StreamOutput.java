// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.bytes.ByteTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Writes the fields of a stream through one buffer. Not thread-safe. */
public final class StreamOutput implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer;
  private final ByteTarget target;
  private long bufferPosition;
  private long writtenBytes;
  private int used;

  /** Starts at position 0. */
  public StreamOutput(ByteTarget target, int bufferBytes) {
    this.target = target;
    this.buffer = arena.allocate(bufferBytes, 4096);
  }

  /** Position of the next byte. */
  public long position() {
    return bufferPosition + used;
  }

  /** Bytes written to the target so far; bytes written again count again. */
  public long writtenBytes() {
    return writtenBytes;
  }

  /** Continues at another position, which only targets with random access allow. */
  public void seek(long position) {
    flush();
    bufferPosition = position;
  }

  /** Writes the buffered bytes to the target. */
  public void flush() {
    if (used > 0) {
      target.write(bufferPosition, buffer, 0, used);
      bufferPosition += used;
      writtenBytes += used;
      used = 0;
    }
  }

  private int reserve(int bytes) {
    if (buffer.byteSize() - used < bytes) {
      flush();
    }
    int at = used;
    used += bytes;
    return at;
  }

  /** Writes one byte. */
  public void u8(int value) {
    buffer.set(JAVA_BYTE, reserve(1), (byte) value);
  }

  /** Writes a big-endian integer of 2 bytes. */
  public void be16(int value) {
    buffer.set(StreamInput.BE16, reserve(2), (short) value);
  }

  /** Writes a big-endian integer of 4 bytes. */
  public void be32(int value) {
    buffer.set(StreamInput.BE32, reserve(4), value);
  }

  /** Writes a big-endian integer of 8 bytes. */
  public void be64(long value) {
    buffer.set(StreamInput.BE64, reserve(8), value);
  }

  /** Writes a length byte and the characters of a name, one byte each (ISO 8859-1). */
  public void name8(String name) {
    u8(name.length());
    text(name);
  }

  /** Writes characters, one byte each (ISO 8859-1). */
  public void text(String text) {
    MemorySegment bytes = MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1));
    bytes(bytes, 0, bytes.byteSize());
  }

  /** Writes the bytes of a range of memory. */
  public void bytes(MemorySegment from, long offset, long lengthBytes) {
    for (long done = 0; done < lengthBytes; ) {
      int piece = (int) Math.min(lengthBytes - done, buffer.byteSize());
      MemorySegment.copy(from, offset + done, buffer, reserve(piece), piece);
      done += piece;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
