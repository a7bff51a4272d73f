// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Names of files that belong to another one and stand beside it. */
public final class SiblingName {
  /** Of Linux, whatever the file system (NAME_MAX of limits.h). */
  private static final int MAX_BYTES = 255;

  private SiblingName() {}

  /**
   * A name made of that of a file, and always the same for it. Of one that leaves too little room,
   * the end gives way to a checksum of all of it.
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
