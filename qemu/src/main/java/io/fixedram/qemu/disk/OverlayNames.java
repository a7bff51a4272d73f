// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Names of overlays.
 *
 * @param directory their directory; empty for that of the image below each
 * @param pattern their name, in which {@code {disk}} stands for the name of the image below without
 *     its number and type, and {@code {n}} for the first number from 1 on with which there is no
 *     such file
 */
public record OverlayNames(Optional<Path> directory, String pattern) {
  /** The default of {@link #pattern}. */
  public static final String PATTERN = "{disk}.{n}.qcow2";

  private static final String DISK = "{disk}";
  private static final String NUMBER = "{n}";

  /**
   * Checks the pattern.
   *
   * @throws IllegalArgumentException if it is not a name in a directory, or would give several
   *     overlays the same name
   */
  public OverlayNames {
    if (pattern.isBlank()
        || pattern.contains("/")
        || pattern.contains("\0")
        || !pattern.contains(NUMBER)) {
      throw new IllegalArgumentException(
          "a name of overlays has no '/', and has " + NUMBER + " for a number: " + pattern);
    }
  }

  /** The default name, in a directory if one is given. */
  public static OverlayNames in(Optional<Path> directory) {
    return new OverlayNames(directory, PATTERN);
  }

  /** The name with a number, for an overlay over an image. */
  String name(String image, int number) {
    String name = image.substring(image.lastIndexOf('/') + 1);
    String disk = name.replaceFirst("(?:\\.[0-9]{1,9})?(?:\\.[A-Za-z0-9]{1,8})?$", "");
    return pattern
        .replace(NUMBER, Integer.toString(number))
        .replace(DISK, disk.isEmpty() ? "disk" : disk);
  }
}
