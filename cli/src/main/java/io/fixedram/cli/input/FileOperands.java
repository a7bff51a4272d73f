// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.input;

import io.fixedram.cli.args.UsageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Operands that name a file. */
public final class FileOperands {
  private FileOperands() {}

  /** The file that an operand names; {@code -} is refused. */
  public static Path file(String operand, String name) {
    if (operand.equals(Addresses.STANDARD_STREAM)) {
      throw new UsageException(name + " must be a file here, not -");
    }
    if (operand.endsWith("/") || operand.endsWith("/.")) {
      throw new UsageException(name + " must be a file, and '" + operand + "' names a directory");
    }
    return path(operand, name);
  }

  /** The file that an operand names. */
  public static Path path(String operand, String name) {
    try {
      return Path.of(operand);
    } catch (InvalidPathException e) {
      throw new UsageException(
          name
              + " cannot be a file's name in this locale ("
              + e.getReason()
              + "): set LC_ALL=C.UTF-8 and try again");
    }
  }
}
