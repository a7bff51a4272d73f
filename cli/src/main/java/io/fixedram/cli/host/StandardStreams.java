// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.PrivateDirectory;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a QEMU that is started here has for standard input, output and errors.
 *
 * @param input where its input comes from
 * @param output where its output goes
 * @param errors where its messages go
 * @param errorFile the file that its messages go to, if they don't go where ours go
 */
record StandardStreams(Redirect input, Redirect output, Redirect errors, Optional<Path> errorFile) {
  private static final Path NOWHERE = Path.of("/dev/null");
  private static final int MAX_ERROR_CHARS = 2000;

  /** Those of this process. */
  static StandardStreams inherited() {
    return new StandardStreams(
        Redirect.INHERIT, Redirect.INHERIT, Redirect.INHERIT, Optional.empty());
  }

  /**
   * Those of a QEMU that outlives this process. A terminal and files stay as they are. A pipe would
   * keep who reads it waiting for as long as QEMU runs, so output goes nowhere instead, and
   * messages go to a file until QEMU is up. Input would be taken from the shell's, so there is
   * none.
   */
  static StandardStreams detached(PrivateDirectory directory) {
    Redirect nowhere = Redirect.to(NOWHERE.toFile());
    Redirect output = isPipe(1) ? nowhere : Redirect.INHERIT;
    Redirect input = Redirect.from(NOWHERE.toFile());
    if (!isPipe(2)) {
      return new StandardStreams(input, output, Redirect.INHERIT, Optional.empty());
    }
    Path file = directory.resolve("stderr");
    return new StandardStreams(input, output, Redirect.to(file.toFile()), Optional.of(file));
  }

  /**
   * Words before a command that have it write its standard output elsewhere: to standard error, or
   * nowhere if it outlives this process. A shell does it, since standard error may be a socket,
   * which can't be opened once more.
   */
  static List<String> outputAside(boolean detach) {
    return List.of("/bin/sh", "-c", "exec \"$@\" " + (detach ? ">/dev/null" : ">&2"), "sh");
  }

  private static boolean isPipe(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("pipe:") || target.startsWith("socket:");
    } catch (IOException e) {
      // Without /proc there is no telling; a pipe kept open is the worse mistake.
      return true;
    }
  }

  Launch applyTo(Launch launch) {
    return launch.withStreams(input, output, errors);
  }

  /** What QEMU has said that nobody could see; empty if it went where our own messages go. */
  String hiddenMessages() {
    return errorFile.map(StandardStreams::read).orElse("");
  }

  private static String read(Path file) {
    try {
      String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
      return text.length() <= MAX_ERROR_CHARS ? text : text.substring(0, MAX_ERROR_CHARS);
    } catch (IOException e) {
      return "";
    }
  }
}
