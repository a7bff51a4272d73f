// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Names of companion files in the directory of another file. */
public final class SiblingName {
  /** Maximum length of a file name on Linux (NAME_MAX of limits.h). */
  private static final int MAX_BYTES = 255;

  private SiblingName() {}

  /**
   * The file's name with a prefix and a suffix, always the same for the same file. If the result is
   * too long, the end of the file's name is replaced by a checksum of the name.
   */
  public static Path of(Path file, String before, String after) {
    String name = file.getFileName().toString();
    String whole = before + name + after;
    if (bytes(whole) <= MAX_BYTES) {
      return file.resolveSibling(whole);
    }
    CRC32C sum = new CRC32C();
    sum.update(name.getBytes(StandardCharsets.UTF_8));
    String end = "-%08x".formatted(sum.getValue()) + after;
    String head = before + name;
    while (bytes(head + end) > MAX_BYTES) {
      head = head.substring(0, head.offsetByCodePoints(head.length(), -1));
    }
    return file.resolveSibling(head + end);
  }

  private static int bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }
}
