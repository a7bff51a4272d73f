// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.cli.console.Printable;
import io.fixedram.inspect.device.Device;
import io.fixedram.inspect.device.DeviceValue;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import tools.jackson.core.JsonGenerator;

/**
 * Devices as JSON, in the form of QEMU's scripts/analyze-migration.py: numbers as texts with all
 * their digits, hexadecimal, of negative ones with the decimal value behind it; bytes as pairs of
 * digits.
 */
final class DeviceJson {
  private static final HexFormat BYTES = HexFormat.ofDelimiter(" ");

  /** Bytes in one line are shortened to so many characters. */
  private static final int MAX_CHARS = 96;

  private DeviceJson() {}

  /** The key of a device in an object. */
  static String key(Device device) {
    return device.name() + " (" + device.section() + ")";
  }

  /** Writes a device as a member of an object. */
  static void write(JsonGenerator json, Device device) {
    json.writeName(key(device));
    if (device.state().isEmpty()) {
      json.writeStartObject();
      json.writeNumberProperty("undescribed bytes", device.bytes());
      json.writeEndObject();
      return;
    }
    write(json, device.state().get());
  }

  static void write(JsonGenerator json, DeviceValue value) {
    switch (value) {
      case DeviceValue.Whole whole -> json.writeString(text(whole));
      case DeviceValue.Flag flag -> json.writeBoolean(flag.value());
      case DeviceValue.Name name -> json.writeString(name.value());
      case DeviceValue.Absent _ -> json.writeString("nullptr");
      case DeviceValue.Bytes bytes -> json.writeString(text(bytes.value()));
      case DeviceValue.Elements elements -> {
        json.writeStartArray();
        elements.values().forEach(each -> write(json, each));
        json.writeEndArray();
      }
      case DeviceValue.Structure structure -> {
        json.writeStartObject();
        structure
            .members()
            .forEach((name, member) -> {
              json.writeName(name);
              write(json, member);
            });
        json.writeEndObject();
      }
    }
  }

  /** A value in one line. */
  static String text(DeviceValue value) {
    return switch (value) {
      case DeviceValue.Whole whole -> text(whole);
      case DeviceValue.Flag flag -> Boolean.toString(flag.value());
      case DeviceValue.Name name -> Printable.line(name.value());
      case DeviceValue.Absent _ -> "nullptr";
      case DeviceValue.Bytes bytes -> shortened(text(bytes.value()));
      case DeviceValue.Elements elements -> elements.values().size() + " elements";
      case DeviceValue.Structure structure -> structure.members().size() + " fields";
    };
  }

  private static String shortened(String text) {
    return text.length() > MAX_CHARS ? text.substring(0, MAX_CHARS) + " ..." : text;
  }

  /** A number as a text. */
  static String text(DeviceValue.Whole whole) {
    int bits = whole.bytes() * Byte.SIZE;
    long unsigned = whole.value() & (-1L >>> (Long.SIZE - bits));
    String digits = "0x" + HexFormat.of().toHexDigits(unsigned, 2 * whole.bytes());
    return whole.signed() && whole.value() < 0 ? digits + " (" + whole.value() + ")" : digits;
  }

  private static String text(MemorySegment bytes) {
    return BYTES.formatHex(bytes.toArray(JAVA_BYTE));
  }
}
