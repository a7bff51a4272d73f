// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The member of the VMDESCRIPTION at the end of a save that describes the configuration section:
 *
 * <pre>
 *   "configuration": {"vmsd_name": "configuration", "version": 1, "fields": [...],
 *     "subsections": [...]}
 * </pre>
 *
 * <p>QEMU 8.2 and later write it as the first member, and tools that parse a save by its
 * description need it as soon as there is a subsection. The subsections of a converted save differ
 * from those of its source if the layouts differ.
 */
public final class ConfigurationDescription {
  private static final String MEMBER = "\"configuration\"";

  private ConfigurationDescription() {}

  /**
   * Writes a device state from its EOF byte on, with a description of the configuration that {@link
   * ConfigurationSection#write} has written. Everything else is copied verbatim.
   */
  public static void writeEnd(
      StreamOutput out,
      DeviceState state,
      Configuration configuration,
      Optional<String> layoutCapability) {
    MemorySegment bytes = state.bytes();
    long end = state.sizeBytes();
    if (state.description().isEmpty()) {
      out.bytes(bytes, state.sectionsBytes(), end - state.sectionsBytes());
      return;
    }
    long start = state.sectionsBytes() + DeviceTail.DESCRIPTION_HEAD_BYTES;
    long first = skipSpace(bytes, start + 1, end);
    boolean told = startsWith(bytes, first, end, MEMBER);
    long rest = told ? endOfMember(bytes, first + MEMBER.length(), end) : first;
    String member = member(configuration, layoutCapability);
    if (!told && hasSubsections(configuration, layoutCapability)) {
      member += ", ";
    } else if (!told || rest == end) {
      member = "";
      rest = first;
    }
    out.u8(StreamFormat.EOF);
    out.u8(StreamFormat.VMDESCRIPTION);
    out.be32((int) (first - start + member.length() + end - rest));
    out.bytes(bytes, start, first - start);
    out.text(member);
    out.bytes(bytes, rest, end - rest);
  }

  private static boolean hasSubsections(
      Configuration configuration, Optional<String> layoutCapability) {
    return layoutCapability.isPresent()
        || !configuration.capabilities().isEmpty()
        || configuration.targetPageBits().isPresent()
        || configuration.uuid().isPresent();
  }

  private static String member(Configuration configuration, Optional<String> layoutCapability) {
    List<String> subsections = new ArrayList<>();
    if (configuration.targetPageBits().isPresent()) {
      subsections.add(
          described(
              StreamFormat.TARGET_PAGE_BITS_SUBSECTION, field("target_page_bits", "uint32", 4)));
    }
    List<String> capabilities = ConfigurationSection.capabilities(configuration, layoutCapability);
    if (!capabilities.isEmpty()) {
      subsections.add(
          described(
              StreamFormat.CAPABILITIES_SUBSECTION,
              field("caps_count", "uint32", 4)
                  + ", "
                  + array(
                      "capabilities",
                      capabilities.size(),
                      "capability",
                      1 + capabilities.getFirst().length())));
    }
    if (configuration.uuid().isPresent()) {
      subsections.add(
          described(StreamFormat.UUID_SUBSECTION, array("uuid.data", 2 * Long.BYTES, "uint8", 1)));
    }
    String section =
        described(
            "configuration",
            field("len", "uint32", 4)
                + ", "
                + field("name", "buffer", configuration.machine().length()));
    return MEMBER
        + ": "
        + (subsections.isEmpty()
            ? section
            : section.substring(0, section.length() - 1)
                + ", \"subsections\": ["
                + String.join(", ", subsections)
                + "]}");
  }

  private static String described(String name, String fields) {
    return "{\"vmsd_name\": \"%s\", \"version\": %d, \"fields\": [%s]}"
        .formatted(name, ConfigurationSection.VERSION, fields);
  }

  private static String field(String name, String type, int size) {
    return "{\"name\": \"%s\", \"type\": \"%s\", \"size\": %d}".formatted(name, type, size);
  }

  /** QEMU omits the length of an array with one element. */
  private static String array(String name, int length, String type, int size) {
    return length == 1
        ? field(name, type, size)
        : "{\"name\": \"%s\", \"array_len\": %d, \"type\": \"%s\", \"size\": %d}"
            .formatted(name, length, type, size);
  }

  private static boolean startsWith(MemorySegment bytes, long at, long end, String text) {
    MemorySegment wanted = MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII));
    return text.length() <= end - at && bytes.asSlice(at, text.length()).mismatch(wanted) < 0;
  }

  private static long skipSpace(MemorySegment bytes, long from, long end) {
    long at = from;
    while (at < end && DeviceTail.isSpace(bytes.get(JAVA_BYTE, at))) {
      at++;
    }
    return at;
  }

  /** Offset after the object that follows a member's name; {@code end} if no object follows. */
  private static long endOfMember(MemorySegment bytes, long from, long end) {
    int depth = 0;
    boolean inText = false;
    for (long at = from; at < end; at++) {
      byte character = bytes.get(JAVA_BYTE, at);
      if (inText) {
        if (character == '\\') {
          at++;
        }
        inText = character != '"';
      } else if (character == '"') {
        inText = true;
      } else if (character == '{') {
        depth++;
      } else if (character == '}') {
        depth--;
        if (depth <= 0) {
          return depth == 0 ? at + 1 : end;
        }
      }
    }
    return end;
  }
}
