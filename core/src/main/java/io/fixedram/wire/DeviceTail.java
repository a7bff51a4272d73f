// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The end of a stream, from the first device section on:
 *
 * <pre>
 *   u8 SECTION_FULL, be32 id, u8 length, name, be32 instance, be32 version, payload   any number
 *   u8 FOOTER, be32 id                                                       after each of them
 *   u8 EOF
 *   u8 VMDESCRIPTION, be32 length, JSON text          absent with suppress-vmdesc
 * </pre>
 *
 * <p>Payloads have no length. The end is found by the description: only there an EOF byte is
 * followed by the type of the description, a length, and a JSON object of that length. QEMUs before
 * 6.0 put spaces between the tokens of the JSON.
 */
public final class DeviceTail {
  /** Length of the EOF byte, the type of the description, and its length field. */
  static final int DESCRIPTION_HEAD_BYTES = 6;

  private static final int FOOTER_BYTES = 5;
  private static final byte[] DEVICES = "\"devices\"".getBytes(StandardCharsets.US_ASCII);

  /** Reserved for the largest device state; untouched pages take no memory. */
  private final MemorySegment bytes;

  private int length;
  private int searched;

  /**
   * End of the checked part of the text, if a description begins at {@link #searched}: no byte in
   * it is 0.
   */
  private int checked;

  private DeviceTail(long maxAtOnce) {
    bytes = AnonymousMemory.allocate(Arena.ofAuto(), DeviceState.MAX_BYTES + maxAtOnce);
  }

  /** Consumes a stream up to the end of the description; bytes after it are ignored. */
  public static DeviceState read(StreamInput in) {
    long at = in.position();
    DeviceTail tail = new DeviceTail(in.buffer().byteSize());
    while (true) {
      OptionalInt description = tail.findDescription();
      if (description.isPresent()) {
        return tail.state(description.getAsInt());
      }
      if (tail.length > DeviceState.MAX_BYTES) {
        throw new UnsupportedSaveException(
            in.name()
                + " holds more than "
                + (DeviceState.MAX_BYTES >> 20)
                + " MiB of device state after offset "
                + at
                + ", or data that is not device state");
      }
      int count = in.takeSome();
      if (count == 0) {
        return tail.stateWithoutDescription(in, at);
      }
      tail.append(in.buffer(), in.lastTaken(count), count);
    }
  }

  private void append(MemorySegment from, int at, int count) {
    MemorySegment.copy(from, at, bytes, length, count);
    length += count;
  }

  /** Offset of the EOF byte before a complete description; empty if there is none yet. */
  private OptionalInt findDescription() {
    for (; searched + DESCRIPTION_HEAD_BYTES < length; searched++) {
      if (at(searched) != StreamFormat.EOF
          || at(searched + 1) != StreamFormat.VMDESCRIPTION
          || at(searched + DESCRIPTION_HEAD_BYTES) != '{') {
        continue;
      }
      int json = jsonLength(searched);
      int end = searched + DESCRIPTION_HEAD_BYTES + json;
      if (json < 2 || json > DeviceState.MAX_BYTES || !beginsWithName(end) || !isText(end)) {
        continue;
      }
      if (end > length) {
        return OptionalInt.empty();
      }
      if (listsDevices(end)) {
        return OptionalInt.of(searched);
      }
    }
    return OptionalInt.empty();
  }

  /** Whether the object begins with a name, as far as it has been read. */
  private boolean beginsWithName(int end) {
    int at = searched + DESCRIPTION_HEAD_BYTES + 1;
    int come = Math.min(end, length);
    while (at < come && isSpace(at(at))) {
      at++;
    }
    return at == come ? end > length : at(at) == '"';
  }

  /** Whether a character is JSON white space. */
  static boolean isSpace(byte character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
  }

  /** Whether the text is an object with a list of devices, as every description of QEMU is. */
  private boolean listsDevices(int end) {
    int last = end - 1;
    while (isSpace(at(last))) {
      last--;
    }
    if (at(last) != '}') {
      return false;
    }
    MemorySegment wanted = MemorySegment.ofArray(DEVICES);
    for (int from = searched + DESCRIPTION_HEAD_BYTES; from + DEVICES.length <= last; from++) {
      if (at(from) == DEVICES[0] && bytes.asSlice(from, DEVICES.length).mismatch(wanted) == -1) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the part of a description read so far is text. A false match in a device's buffer has a
   * zero byte at the latest in the footer behind it; waiting for the rest of it would block.
   */
  private boolean isText(int end) {
    checked = Math.max(checked, searched + DESCRIPTION_HEAD_BYTES);
    while (checked < Math.min(end, length)) {
      if (at(checked) == 0) {
        return false;
      }
      checked++;
    }
    return true;
  }

  private byte at(int index) {
    return bytes.get(JAVA_BYTE, index);
  }

  private int jsonLength(int eofAt) {
    return bytes.get(StreamInput.BE32, eofAt + 2L);
  }

  private DeviceState state(int eofAt) {
    int json = jsonLength(eofAt);
    int start = eofAt + DESCRIPTION_HEAD_BYTES;
    return state(start + json, eofAt, Optional.of(bytes.asSlice(start, json)));
  }

  private DeviceState stateWithoutDescription(StreamInput in, long at) {
    int eofAt = length - 1;
    boolean closed =
        eofAt == 0 || (eofAt >= FOOTER_BYTES && at(eofAt - FOOTER_BYTES) == StreamFormat.FOOTER);
    if (length == 0 || at(eofAt) != StreamFormat.EOF || !closed) {
      throw in.incomplete("in the device state that begins at offset " + at);
    }
    return state(length, eofAt, Optional.empty());
  }

  private DeviceState state(int size, int eofAt, Optional<MemorySegment> description) {
    return new DeviceState(bytes.asSlice(0, size), eofAt, description);
  }
}
