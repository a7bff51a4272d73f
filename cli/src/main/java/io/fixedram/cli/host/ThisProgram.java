// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How this program was started, to start it again in a process of its own. */
public final class ThisProgram {
  private static final String MAIN = "io.fixedram.cli.Main";

  private ThisProgram() {}

  /**
   * The words that start it, heap limit and all, to which a command with its options is added.
   *
   * @throws FixedRamException if it was started by other words than its launcher's
   */
  public static List<String> words() {
    try {
      return words(
          Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8).split("\0", -1));
    } catch (IOException e) {
      throw new StorageException("cannot read /proc/self/cmdline: " + e.getMessage(), e);
    }
  }

  static List<String> words(String... commandLine) {
    List<String> all = List.of(commandLine);
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).equals(MAIN) || all.get(i).endsWith("/" + MAIN)) {
        return all.subList(0, i + 1);
      }
    }
    throw new FixedRamException(
        "this process was not started by the launcher: start ./fixedram, which it can start again");
  }
}
