// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Keeps what a terminal sends to all its programs, Ctrl-C and its end, from a QEMU whose guest
 * depends on us: it is started with these signals blocked. QEMU handles them itself but leaves them
 * blocked, and nobody else can undo that, so that they stay so until it ends.
 */
final class SignalShield {
  /** Of GNU coreutils, from 8.31 on. */
  private static final List<String> WORDS =
      List.of("env", "--block-signal=INT", "--block-signal=HUP");

  private SignalShield() {}

  /** Words before the command that have it shielded; none if this system has no such program. */
  static List<String> before(List<String> command) {
    return before(command, WORDS);
  }

  /** The same with other words that are to do it. */
  static List<String> before(List<String> command, List<String> words) {
    return isFound(command.getFirst()) && works(words) ? words : List.of();
  }

  /** A program that is not there is better missed by name than by who would have started it. */
  private static boolean isFound(String program) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return program.contains("/")
        ? Files.isExecutable(Path.of(program))
        : Arrays.stream(path.split(File.pathSeparator))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  private static boolean works(List<String> words) {
    List<String> trial = new ArrayList<>(words);
    trial.add("true");
    try {
      return new ProcessBuilder(trial)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
