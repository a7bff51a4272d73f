// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import io.fixedram.cli.Command;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Command line of the installed command, for running it as a process. */
public final class ThisProgram {
  private static final String MAIN = "io.fixedram.cli.Main";

  private ThisProgram() {}

  /**
   * The words that start the command, including its JVM options, to which a subcommand and its
   * options are to be appended. They are those of this process, without this module.
   *
   * @throws FixedRamException if this process was not started by the launcher
   */
  public static List<String> words() {
    try {
      return words(
          library(),
          Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8).split("\0", -1));
    } catch (IOException e) {
      throw new StorageException("cannot read /proc/self/cmdline: " + e.getMessage(), e);
    }
  }

  static List<String> words(String library, String... commandLine) {
    List<String> words = new ArrayList<>();
    for (String word : commandLine) {
      boolean isPath = !words.isEmpty() && words.getLast().equals("-p");
      words.add(isPath ? library : word);
      if (word.equals(MAIN) || word.endsWith("/" + MAIN)) {
        return words;
      }
    }
    throw new FixedRamException(
        "this process was not started by the launcher: start ./fixedram, which it can start again");
  }

  /** The directory of the command's jars. */
  private static String library() {
    Module command = Command.class.getModule();
    Optional<URI> jar =
        Optional.ofNullable(command.getLayer())
            .flatMap(layer -> layer.configuration().findModule(command.getName()))
            .flatMap(module -> module.reference().location());
    return Path.of(
            jar.orElseThrow(() ->
                new FixedRamException(
                    "this process was not started by the launcher: start ./fixedram, which it can"
                        + " start again")))
        .resolveSibling("")
        .toString();
  }
}
