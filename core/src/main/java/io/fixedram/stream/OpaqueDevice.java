// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.wire.DeviceTail;
import io.fixedram.wire.MemoryStreams;
import io.fixedram.wire.RamSection;
import io.fixedram.wire.StreamFormat;
import io.fixedram.wire.StreamInput;
import io.fixedram.wire.StreamOutput;
import java.lang.foreign.MemorySegment;
import java.util.regex.Pattern;

/**
 * The device state of a guest that is not a QEMU guest: bytes known only to its owner, in one
 * device section with an EOF byte and a description, so that every reader of streams can parse it:
 *
 * <pre>
 *   u8 SECTION_FULL, be32 id, u8 length, name, be32 instance 0, be32 version, payload
 *   u8 FOOTER, be32 id
 *   u8 EOF
 *   u8 VMDESCRIPTION, be32 length, JSON: one device with one field of type "buffer"
 * </pre>
 *
 * @param name name of the section: 1 to 255 letters, digits, and any of {@code - _ . / :}
 * @param version version of the payload's format
 * @param payload the owner's bytes, as a read-only view
 */
public record OpaqueDevice(String name, int version, MemorySegment payload) {
  private static final Pattern NAME = Pattern.compile("[-A-Za-z0-9_./:]{1,255}");
  private static final int SECTION_ID = 2;
  private static final int INSTANCE = 0;
  private static final int FOOTER_BYTES = 5;

  /**
   * Checks name and payload.
   *
   * @throws FixedRamException if the name is not valid or the payload is too long
   */
  public OpaqueDevice {
    if (!NAME.matcher(name).matches()) {
      throw new FixedRamException(
          "a device cannot be named \""
              + name
              + "\": 1 to 255 letters, digits, - _ . / : are allowed");
    }
    if (payload.byteSize() > DeviceState.MAX_BYTES / 2) {
      throw new FixedRamException(
          "device "
              + name
              + " has a state of "
              + payload.byteSize()
              + " bytes, more than "
              + DeviceState.MAX_BYTES / 2);
    }
    payload = payload.asReadOnly();
  }

  /**
   * The device state for a save.
   *
   * @throws UnsupportedSaveException if the payload contains bytes that a reader would take for the
   *     end of a stream, such as another save
   */
  public DeviceState toDeviceState() {
    byte[] section = MemoryStreams.write(this::writeSection);
    String json =
        ("{\"page_size\": 4096, \"devices\": [{\"name\": \"%s\", \"instance_id\": %d,"
                + " \"vmsd_name\": \"%s\", \"version\": %d, \"fields\":"
                + " [{\"name\": \"payload\", \"type\": \"buffer\", \"size\": %d}]}]}")
            .formatted(name, INSTANCE, name, version, payload.byteSize());
    byte[] all =
        MemoryStreams.write(out -> {
          out.bytes(MemorySegment.ofArray(section), 0, section.length);
          out.u8(StreamFormat.EOF);
          out.u8(StreamFormat.VMDESCRIPTION);
          out.be32(json.length());
          out.text(json);
        });
    DeviceState state = read(all);
    if (state.sectionsBytes() != section.length) {
      throw new UnsupportedSaveException(
          "device " + name + " has a state that holds the end of a migration stream");
    }
    return state;
  }

  private void writeSection(StreamOutput out) {
    out.u8(StreamFormat.SECTION_FULL);
    out.be32(SECTION_ID);
    out.name8(name);
    out.be32(INSTANCE);
    out.be32(version);
    out.bytes(payload, 0, payload.byteSize());
    RamSection.writeFooter(out, SECTION_ID);
  }

  private static DeviceState read(byte[] all) {
    try (StreamInput in = MemoryStreams.read(MemorySegment.ofArray(all))) {
      return DeviceTail.read(in);
    }
  }

  /**
   * The only device of a device state.
   *
   * @throws UnsupportedSaveException if the state is not of this form
   */
  public static OpaqueDevice of(DeviceState state) {
    MemorySegment sections = state.bytes().asSlice(0, state.sectionsBytes());
    try (StreamInput in = MemoryStreams.read(sections)) {
      if (in.u8() != StreamFormat.SECTION_FULL || in.be32() != SECTION_ID) {
        throw notOpaque();
      }
      String name = in.name8();
      int instance = in.be32();
      int version = in.be32();
      long length = sections.byteSize() - FOOTER_BYTES - in.position();
      if (instance != INSTANCE
          || length < 0
          || sections.get(JAVA_BYTE, sections.byteSize() - FOOTER_BYTES) != StreamFormat.FOOTER) {
        throw notOpaque();
      }
      return new OpaqueDevice(name, version, sections.asSlice(in.position(), length));
    } catch (DamagedSaveException e) {
      throw notOpaque();
    }
  }

  private static UnsupportedSaveException notOpaque() {
    return new UnsupportedSaveException(
        "the device state is not that of an embedded guest: it does not consist of one section of"
            + " opaque bytes");
  }
}
