// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import java.util.Locale;

/** Bytes as lines of 16: the address, hexadecimal digits, and characters where they are ASCII. */
final class HexDump {
  static final int LINE_BYTES = 16;

  private HexDump() {}

  /**
   * The lines of some bytes.
   *
   * @param address address of the first byte
   */
  static String of(long address, byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (int line = 0; line < bytes.length; line += LINE_BYTES) {
      text.append(String.format(Locale.ROOT, "%016x ", address + line));
      StringBuilder characters = new StringBuilder();
      for (int i = line; i < line + LINE_BYTES; i++) {
        if (i % (LINE_BYTES / 2) == 0) {
          text.append(' ');
        }
        if (i < bytes.length) {
          text.append(String.format(Locale.ROOT, "%02x ", bytes[i]));
          characters.append(bytes[i] >= ' ' && bytes[i] <= '~' ? (char) bytes[i] : '.');
        } else {
          text.append("   ");
        }
      }
      text.append(" |").append(characters).append("|\n");
    }
    return text.toString();
  }
}
