// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
  private static final int DESCRIPTION_HEAD_BYTES = 6;
  private static final int FOOTER_BYTES = 5;
  private static final int FIRST_CAPACITY = 1 << 16;

  private byte[] bytes = new byte[FIRST_CAPACITY];
  private int length;
  private int searched;

  /** No byte from the text of the description that may begin at {@link #searched} to here is 0. */
  private int checked;

  private DeviceTail() {}

  /** Consumes the rest of a stream; what follows the description is not looked at. */
  static DeviceState read(StreamInput in) {
    long at = in.position();
    DeviceTail tail = new DeviceTail();
    while (true) {
      OptionalInt description = tail.findDescription();
      if (description.isPresent()) {
        return tail.state(description.getAsInt());
      }
      if (tail.length > DeviceState.MOST_BYTES) {
        throw new UnsupportedSaveException(
            in.name()
                + " holds more than "
                + (DeviceState.MOST_BYTES >> 20)
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
    if (length + count > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(length + count, bytes.length * 2));
    }
    MemorySegment.copy(from, JAVA_BYTE, at, bytes, length, count);
    length += count;
  }

  /** Offset of the EOF byte before a whole description, if there is one. */
  private OptionalInt findDescription() {
    for (; searched + DESCRIPTION_HEAD_BYTES < length; searched++) {
      if (bytes[searched] != StreamFormat.EOF
          || bytes[searched + 1] != StreamFormat.VMDESCRIPTION
          || bytes[searched + DESCRIPTION_HEAD_BYTES] != '{') {
        continue;
      }
      int json = jsonLength(searched);
      int end = searched + DESCRIPTION_HEAD_BYTES + json;
      if (json < 2 || json > DeviceState.MOST_BYTES || !beginsWithName(end) || !isText(end)) {
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
    while (at < come && isSpace(bytes[at])) {
      at++;
    }
    return at == come ? end > length : bytes[at] == '"';
  }

  private static boolean isSpace(byte character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
  }

  /** Every description of QEMU's is an object with the list of its devices. */
  private boolean listsDevices(int end) {
    int start = searched + DESCRIPTION_HEAD_BYTES;
    String text = new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    return text.stripTrailing().endsWith("}") && text.contains("\"devices\"");
  }

  /**
   * Whether what has come of a description is text. One that only seems to begin, in a device's
   * buffer, has a zero in the footer behind it at the latest, and must not be waited for.
   */
  private boolean isText(int end) {
    checked = Math.max(checked, searched + DESCRIPTION_HEAD_BYTES);
    while (checked < Math.min(end, length)) {
      if (bytes[checked] == 0) {
        return false;
      }
      checked++;
    }
    return true;
  }

  private int jsonLength(int eofAt) {
    return MemorySegment.ofArray(bytes).get(StreamInput.BE32, eofAt + 2L);
  }

  private DeviceState state(int eofAt) {
    int json = jsonLength(eofAt);
    int start = eofAt + DESCRIPTION_HEAD_BYTES;
    String description = new String(bytes, start, json, StandardCharsets.UTF_8);
    return state(start + json, eofAt, Optional.of(description));
  }

  private DeviceState stateWithoutDescription(StreamInput in, long at) {
    int eofAt = length - 1;
    boolean closed =
        eofAt == 0 || (eofAt >= FOOTER_BYTES && bytes[eofAt - FOOTER_BYTES] == StreamFormat.FOOTER);
    if (length == 0 || bytes[eofAt] != StreamFormat.EOF || !closed) {
      throw in.incomplete("in the device state that begins at offset " + at);
    }
    return state(length, eofAt, Optional.empty());
  }

  private DeviceState state(int size, int eofAt, Optional<String> description) {
    MemorySegment all = MemorySegment.ofArray(Arrays.copyOf(bytes, size));
    return new DeviceState(all, eofAt, description);
  }
}
