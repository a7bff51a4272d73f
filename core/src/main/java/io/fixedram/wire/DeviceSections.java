// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A guest's device sections without a description, as written by QEMU's xen-save-devices-state
 * (QEMU's docs/xen-save-devices-state.txt):
 *
 * <pre>
 *   be32 "QEVM", be32 3
 *   u8 SECTION_FULL, be32 id, u8 length, name, be32 instance, be32 version, payload   any number
 *   u8 FOOTER, be32 id                                                       after each of them
 *   u8 EOF
 * </pre>
 *
 * <p>Payloads have no length. A section ends at a footer with its own id that is followed by the
 * header of another section or by the end. Section ids are unique, which distinguishes a footer
 * from the same bytes in a device's buffer. Input that can be parsed in more than one way is
 * refused.
 */
public final class DeviceSections {
  private static final int FOOTER_BYTES = 5;
  private static final int FILE_HEAD_BYTES = 8;
  private static final int PIECE_BYTES = 1 << 16;

  /**
   * Minimum length of a section header: type, id, name length, a name of one character, instance,
   * version.
   */
  private static final int MIN_HEAD_BYTES = 1 + 4 + 1 + 1 + 4 + 4;

  /**
   * Maximum number of parse steps, including failed ones; well above the number of a guest's
   * devices.
   */
  private static final int MAX_STEPS = 5_000;

  private final String name;
  private final MemorySegment bytes;
  private final List<Section> sections;

  private DeviceSections(String name, MemorySegment bytes, List<Section> sections) {
    this.name = name;
    this.bytes = bytes;
    this.sections = List.copyOf(sections);
  }

  /**
   * A section.
   *
   * @param id section id in the stream
   * @param name name of the device, including its position in the machine
   * @param instance instance id, which distinguishes sections of the same name
   * @param version version of the payload's format
   * @param payload the payload in the file's memory; changes are seen by {@link #toDeviceState}
   */
  public record Section(int id, String name, int instance, int version, MemorySegment payload) {}

  /** Bytes that can be a section header, with the offsets of the header and the payload. */
  private record Head(int at, int id, String name, int instance, int version, int payloadAt) {}

  /**
   * Reads a file of device sections.
   *
   * @param file content of the whole file
   * @param name name of the file in messages
   * @throws DamagedSaveException if it is not a file of device sections
   * @throws UnsupportedSaveException if the ends of its sections are ambiguous
   */
  public static DeviceSections read(MemorySegment file, String name) {
    long end = file.byteSize() - 1;
    if (end < FILE_HEAD_BYTES
        || file.get(StreamInput.BE32, 0) != StreamFormat.MAGIC
        || file.get(StreamInput.BE32, Integer.BYTES) != StreamFormat.VERSION) {
      throw notSections(name, 0);
    }
    if (file.get(JAVA_BYTE, end) != StreamFormat.EOF) {
      throw notSections(name, end);
    }
    MemorySegment bytes = file.asSlice(FILE_HEAD_BYTES, end - FILE_HEAD_BYTES);
    return new DeviceSections(name, bytes, new Reading(bytes, name).run());
  }

  private static DamagedSaveException notSections(String name, long offset) {
    return new DamagedSaveException(
        name + " is not what QEMU writes of devices: offset " + offset + " has something else");
  }

  /**
   * The device sections of a save without a description.
   *
   * @param name name of the save in messages
   * @throws UnsupportedSaveException if the ends of its sections are ambiguous
   */
  public static DeviceSections of(DeviceState state, String name) {
    MemorySegment bytes = state.bytes().asSlice(0, state.sectionsBytes());
    return new DeviceSections(name, bytes, new Reading(bytes, name).run());
  }

  /** Search for the only possible sequence of sections. */
  private static final class Reading {
    private final MemorySegment bytes;
    private final String name;
    private final int end;

    /** Possible headers that directly follow a footer, by the id in that footer. */
    private final Map<Integer, List<Head>> following = new HashMap<>();

    private final List<Head> path = new ArrayList<>();
    private final Set<Integer> ids = new HashSet<>();
    private List<Head> found = List.of();
    private int steps;

    Reading(MemorySegment bytes, String name) {
      this.bytes = bytes;
      this.name = name;
      this.end = Math.toIntExact(bytes.byteSize());
    }

    List<Section> run() {
      // Interpreted code is much faster with an array than with a segment.
      byte[] piece = new byte[Math.min(end, PIECE_BYTES)];
      for (int from = 0; from < end; from += piece.length) {
        int count = Math.min(piece.length, end - from);
        MemorySegment.copy(bytes, JAVA_BYTE, from, piece, 0, count);
        for (int i = 0; i < count; i++) {
          if (piece[i] == StreamFormat.FOOTER && from + i + FOOTER_BYTES < end) {
            addFollowing(from + i + FOOTER_BYTES);
          }
        }
      }
      head(0).ifPresent(this::follow);
      if (found.isEmpty()) {
        throw new UnsupportedSaveException(
            name
                + " holds sections of devices whose ends can't be told: machines of types before"
                + " 2.4 write no footers");
      }
      List<Section> sections = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        Head head = found.get(i);
        int after = i + 1 < found.size() ? found.get(i + 1).at() : end;
        MemorySegment payload =
            bytes.asSlice(head.payloadAt(), after - FOOTER_BYTES - head.payloadAt());
        sections.add(new Section(head.id(), head.name(), head.instance(), head.version(), payload));
      }
      return sections;
    }

    /** Takes what follows a footer for the header of a section, if it can be one. */
    private void addFollowing(int at) {
      int id = bytes.get(StreamInput.BE32, at - Integer.BYTES);
      head(at).ifPresent(head -> following.computeIfAbsent(id, _ -> new ArrayList<>()).add(head));
    }

    /** Tries all sections that can follow a section. */
    private void follow(Head head) {
      if (++steps > MAX_STEPS) {
        throw ambiguous();
      }
      if (!ids.add(head.id())) {
        return;
      }
      path.add(head);
      int firstFooter = head.payloadAt();
      if (end - FOOTER_BYTES >= firstFooter
          && isFooter(end - FOOTER_BYTES)
          && bytes.get(StreamInput.BE32, end - Integer.BYTES) == head.id()) {
        if (!found.isEmpty()) {
          throw ambiguous();
        }
        found = List.copyOf(path);
      }
      for (Head next : following.getOrDefault(head.id(), List.of())) {
        if (next.at() - FOOTER_BYTES >= firstFooter) {
          follow(next);
        }
      }
      path.removeLast();
      ids.remove(head.id());
    }

    private UnsupportedSaveException ambiguous() {
      return new UnsupportedSaveException(
          name
              + " holds a device whose state contains what looks like its end and the beginning of"
              + " another device, so that the two can't be distinguished");
    }

    private boolean isFooter(int at) {
      return bytes.get(JAVA_BYTE, at) == StreamFormat.FOOTER;
    }

    private Optional<Head> head(int at) {
      if (end - at < MIN_HEAD_BYTES || bytes.get(JAVA_BYTE, at) != StreamFormat.SECTION_FULL) {
        return Optional.empty();
      }
      int nameAt = at + 1 + Integer.BYTES + 1;
      int length = Byte.toUnsignedInt(bytes.get(JAVA_BYTE, nameAt - 1));
      int payloadAt = nameAt + length + 2 * Integer.BYTES;
      if (length == 0 || payloadAt > end - FOOTER_BYTES) {
        return Optional.empty();
      }
      byte[] text = bytes.asSlice(nameAt, length).toArray(JAVA_BYTE);
      for (byte character : text) {
        if (character < ' ' || character > '~') {
          return Optional.empty();
        }
      }
      return Optional.of(
          new Head(
              at,
              bytes.get(StreamInput.BE32, at + 1),
              new String(text, StandardCharsets.US_ASCII),
              bytes.get(StreamInput.BE32, nameAt + length),
              bytes.get(StreamInput.BE32, nameAt + length + Integer.BYTES),
              payloadAt));
    }
  }

  /** The sections in the order of the file. */
  public List<Section> list() {
    return sections;
  }

  /** The section with a name; empty if there is none or more than one. */
  public Optional<Section> find(String wanted) {
    List<Section> named =
        sections.stream().filter(section -> section.name().equals(wanted)).toList();
    return named.size() == 1 ? Optional.of(named.getFirst()) : Optional.empty();
  }

  /**
   * The device state for a save: the current content of the sections, the EOF byte, and a
   * description with their names. Without the description QEMU warns when it loads, and readers
   * can't find the end.
   *
   * @param pageSize bytes of a target page
   * @throws UnsupportedSaveException if a section contains bytes that a reader would take for the
   *     end
   */
  public DeviceState toDeviceState(int pageSize) {
    byte[] end =
        MemoryStreams.write(out -> {
          String json = description(pageSize);
          out.u8(StreamFormat.EOF);
          out.u8(StreamFormat.VMDESCRIPTION);
          out.be32(json.length());
          out.text(json);
        });
    MemorySegment all = AnonymousMemory.allocate(Arena.ofAuto(), bytes.byteSize() + end.length);
    MemorySegment.copy(bytes, 0, all, 0, bytes.byteSize());
    MemorySegment.copy(MemorySegment.ofArray(end), 0, all, bytes.byteSize(), end.length);
    try (StreamInput in = MemoryStreams.read(all)) {
      DeviceState state = DeviceTail.read(in);
      if (state.sectionsBytes() != bytes.byteSize()) {
        throw new UnsupportedSaveException(
            name + " holds a device whose state has the end of a migration stream in it");
      }
      return state;
    }
  }

  private String description(int pageSize) {
    return sections.stream()
        .map(section ->
            "{\"name\": \"%s\", \"instance_id\": %s, \"version\": %d, \"size\": %d}"
                .formatted(
                    section.name().replace("\\", "\\\\").replace("\"", "\\\""),
                    Integer.toUnsignedString(section.instance()),
                    section.version(),
                    section.payload().byteSize()))
        .collect(
            Collectors.joining(
                ", ", "{\"page_size\": %d, \"devices\": [".formatted(pageSize), "]}"));
  }
}
