// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.error.DamagedSaveException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Reads the bytes of device sections in order. Numbers are big-endian. */
final class StateInput {
  private final String name;
  private final MemorySegment bytes;
  private final long end;
  private long position;

  /**
   * Reads a part of a device state.
   *
   * @param name name of the save in messages
   */
  StateInput(String name, MemorySegment bytes, long from, long end) {
    this.name = name;
    this.bytes = bytes;
    this.position = from;
    this.end = end;
  }

  long position() {
    return position;
  }

  boolean atEnd() {
    return position == end;
  }

  /** The next byte, which stays the next one. */
  int peek() {
    need(1);
    return Byte.toUnsignedInt(bytes.get(JAVA_BYTE, position));
  }

  int u8() {
    return (int) unsigned(1);
  }

  int be32() {
    return (int) unsigned(Integer.BYTES);
  }

  /** A number of 1 to 8 bytes. */
  long unsigned(int count) {
    need(count);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value = value << Byte.SIZE | Byte.toUnsignedLong(bytes.get(JAVA_BYTE, position + i));
    }
    position += count;
    return value;
  }

  /** A number of 1 to 8 bytes in two's complement. */
  long signed(int count) {
    int unused = Long.SIZE - Byte.SIZE * count;
    return unsigned(count) << unused >> unused;
  }

  /** A text behind a byte with its length. */
  String name8() {
    int length = u8();
    return new String(take(length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  MemorySegment take(long count) {
    need(count);
    MemorySegment taken = bytes.asSlice(position, count);
    position += count;
    return taken;
  }

  private void need(long count) {
    if (count > end - position) {
      throw damaged(position, "the state ends within " + count + " bytes that are described here");
    }
  }

  /** A failure at an offset in the device state. */
  DamagedSaveException damaged(long at, String what) {
    return new DamagedSaveException(
        name + " has a damaged device state at its offset " + at + ": " + what);
  }
}
