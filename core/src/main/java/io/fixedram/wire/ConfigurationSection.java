// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.Configuration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * The stream's first bytes:
 *
 * <pre>
 *   be32 "QEVM", be32 3
 *   u8 CONFIGURATION, be32 length, machine name
 *   zero or more of: u8 SUBSECTION, u8 length, name, be32 version 1, body
 *     configuration/capabilities      be32 count, then count of: u8 length, name
 *     configuration/target-page-bits  be32
 *     configuration/uuid              16 bytes
 * </pre>
 */
public final class ConfigurationSection {
  /** Version of the section and of each subsection. */
  static final int VERSION = 1;

  private static final int MAX_CAPABILITIES = 1024;
  private static final int MIN_PAGE_BITS = 10;
  private static final int MAX_PAGE_BITS = 16;

  private ConfigurationSection() {}

  /** Consumes the header and the configuration, whose capabilities include that of a layout. */
  public static Configuration read(StreamInput in) {
    if (!in.has(8) || in.peekBe32(0) != StreamFormat.MAGIC) {
      throw in.damaged(0, "it does not begin like a QEMU migration stream or save");
    }
    in.be32();
    int version = in.be32();
    if (version != StreamFormat.VERSION) {
      throw new UnsupportedSaveException(
          in.name() + " is of stream version " + version + ", only version 3 is known");
    }
    long at = in.position();
    if (in.u8() != StreamFormat.CONFIGURATION) {
      throw in.damaged(at, "no configuration section (machine types before 2.4 send none)");
    }
    int length = in.be32();
    if (length < 1 || length > StreamFormat.MAX_NAME_BYTES) {
      throw in.damaged(at + 1, "a machine name of " + Integer.toUnsignedString(length) + " bytes");
    }
    String machine = in.text(length);
    List<String> capabilities = new ArrayList<>();
    OptionalInt pageBits = OptionalInt.empty();
    Optional<UUID> uuid = Optional.empty();
    while (in.peekU8(0) == StreamFormat.SUBSECTION) {
      long subsectionAt = in.position();
      in.u8();
      String name = in.name8();
      int subsectionVersion = in.be32();
      if (subsectionVersion != VERSION) {
        throw in.damaged(subsectionAt, "version " + subsectionVersion + " of " + name);
      }
      switch (name) {
        case StreamFormat.CAPABILITIES_SUBSECTION -> capabilities.addAll(readNames(in));
        case StreamFormat.TARGET_PAGE_BITS_SUBSECTION -> pageBits = readPageBits(in);
        case StreamFormat.UUID_SUBSECTION -> uuid = Optional.of(new UUID(in.be64(), in.be64()));
        default ->
            throw new UnsupportedSaveException(
                in.name() + " has a configuration subsection " + name + ", which is not known");
      }
    }
    return new Configuration(machine, capabilities, pageBits, uuid);
  }

  private static List<String> readNames(StreamInput in) {
    long at = in.position();
    int count = in.be32();
    if (count < 0 || count > MAX_CAPABILITIES) {
      throw in.damaged(at, Integer.toUnsignedString(count) + " capabilities");
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long nameAt = in.position();
      String name = in.name8();
      if (name.isEmpty()) {
        throw in.damaged(nameAt, "a capability without a name");
      }
      names.add(name);
    }
    return names;
  }

  private static OptionalInt readPageBits(StreamInput in) {
    long at = in.position();
    int bits = in.be32();
    if (bits < MIN_PAGE_BITS || bits > MAX_PAGE_BITS) {
      throw in.damaged(at, Integer.toUnsignedString(bits) + " target page bits");
    }
    return OptionalInt.of(bits);
  }

  /** Writes the header and the configuration, with the capability of a layout if there is one. */
  public static void write(
      StreamOutput out, Configuration configuration, Optional<String> layoutCapability) {
    out.be32(StreamFormat.MAGIC);
    out.be32(StreamFormat.VERSION);
    out.u8(StreamFormat.CONFIGURATION);
    out.be32(configuration.machine().length());
    out.text(configuration.machine());
    configuration
        .targetPageBits()
        .ifPresent(bits -> {
          subsection(out, StreamFormat.TARGET_PAGE_BITS_SUBSECTION);
          out.be32(bits);
        });
    List<String> capabilities = capabilities(configuration, layoutCapability);
    if (!capabilities.isEmpty()) {
      subsection(out, StreamFormat.CAPABILITIES_SUBSECTION);
      out.be32(capabilities.size());
      capabilities.forEach(out::name8);
    }
    configuration
        .uuid()
        .ifPresent(uuid -> {
          subsection(out, StreamFormat.UUID_SUBSECTION);
          out.be64(uuid.getMostSignificantBits());
          out.be64(uuid.getLeastSignificantBits());
        });
  }

  /** The capabilities to write into a section. */
  static List<String> capabilities(Configuration configuration, Optional<String> layoutCapability) {
    List<String> capabilities = new ArrayList<>(configuration.capabilities());
    layoutCapability.ifPresent(capabilities::add);
    return capabilities;
  }

  private static void subsection(StreamOutput out, String name) {
    out.u8(StreamFormat.SUBSECTION);
    out.name8(name);
    out.be32(VERSION);
  }
}
