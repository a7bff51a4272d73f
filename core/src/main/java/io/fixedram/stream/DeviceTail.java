// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

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
 * The end of a stream, from the first section of a device on:
 *
 * <pre>
 *   u8 SECTION_FULL, be32 id, u8 length, name, be32 instance, be32 version, payload   any number
 *   u8 FOOTER, be32 id                                                       after each of them
 *   u8 EOF
 *   u8 VMDESCRIPTION, be32 length, JSON text          absent under suppress-vmdesc
 * </pre>
 *
 * <p>The payloads carry no length. The end is found by the description, which is the only place
 * where an EOF byte, the type of the description and the length of a JSON object that is there
 * follow each other. QEMUs before 6.0 put spaces between the tokens of the JSON.
 */
final class DeviceTail {
  /** Of the EOF byte, the type of the description and its length. */
  static final int DESCRIPTION_HEAD_BYTES = 6;

  private static final int FOOTER_BYTES = 5;
  private static final byte[] DEVICES = "\"devices\"".getBytes(StandardCharsets.US_ASCII);

  /** Takes no memory where nothing has come, so that all that may come has its place. */
  private final MemorySegment bytes;

  private int length;
  private int searched;

  /** No byte from the text of the description that may begin at {@link #searched} to here is 0. */
  private int checked;

  private DeviceTail(long maxAtOnce) {
    bytes = AnonymousMemory.allocate(Arena.ofAuto(), DeviceState.MAX_BYTES + maxAtOnce);
  }

  /** Consumes the rest of a stream; what follows the description is not looked at. */
  static DeviceState read(StreamInput in) {
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
                + ", or something that is none");
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

  /** Offset of the EOF byte before a whole description, if there is one. */
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

  /** Whether the object goes on with a name, as far as it has come. */
  private boolean beginsWithName(int end) {
    int at = searched + DESCRIPTION_HEAD_BYTES + 1;
    int come = Math.min(end, length);
    while (at < come && isSpace(at(at))) {
      at++;
    }
    return at == come ? end > length : at(at) == '"';
  }

  /** White space of JSON. */
  static boolean isSpace(byte character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
  }

  /** Every description of QEMU's is an object with the list of its devices. */
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
   * Whether what has come of a description is text. One that only seems to begin, in a device's
   * buffer, has a zero in the footer behind it at the latest, and must not be waited for.
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
