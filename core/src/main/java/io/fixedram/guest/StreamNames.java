// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import io.fixedram.error.FixedRamException;

/** Checks of the names in a stream, which have a length byte and one byte for each character. */
final class StreamNames {
  private static final int MAX_CHARS = 255;
  private static final int MAX_CHAR = 0xff;

  private StreamNames() {}

  /**
   * Returns a name that a stream can carry.
   *
   * @param what the named thing, for the error
   * @throws FixedRamException if a stream can't carry the name
   */
  static String checked(String what, String name) {
    if (name.isEmpty()
        || name.length() > MAX_CHARS
        || name.chars().anyMatch(each -> each > MAX_CHAR)) {
      throw new FixedRamException(
          what
              + " cannot be named \""
              + name
              + "\": a stream carries names of 1 to 255 characters of one byte (ISO 8859-1)");
    }
    return name;
  }
}
