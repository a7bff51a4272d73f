// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.PrivateDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Standard streams of a QEMU that is started by the command.
 *
 * @param input source of standard input
 * @param output target of standard output
 * @param errors target of standard error
 * @param errorFile file for standard error, if it does not go to that of this process
 */
record StandardStreams(Redirect input, Redirect output, Redirect errors, Optional<Path> errorFile) {
  private static final Path NOWHERE = Path.of("/dev/null");
  private static final int MAX_ERROR_CHARS = 2000;

  /** The streams of this process. */
  static StandardStreams inherited() {
    return new StandardStreams(
        Redirect.INHERIT, Redirect.INHERIT, Redirect.INHERIT, Optional.empty());
  }

  /**
   * Streams of a QEMU that outlives this process. A terminal and files are inherited. A pipe would
   * make its reader wait as long as QEMU runs, so output is discarded instead, and messages go to a
   * file. Standard input is empty, since QEMU would otherwise read the shell's input.
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
   * Words to prepend to a command to redirect its standard output: to standard error, or to nowhere
   * if it outlives this process. A shell redirects, since standard error may be a socket, which
   * can't be reopened.
   */
  static List<String> outputAside(boolean detach) {
    return List.of("/bin/sh", "-c", "exec \"$@\" " + (detach ? ">/dev/null" : ">&2"), "sh");
  }

  private static boolean isPipe(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("pipe:") || target.startsWith("socket:");
    } catch (IOException e) {
      // Unknown without /proc; assume a pipe, since keeping one open would be worse.
      return true;
    }
  }

  Launch applyTo(Launch launch) {
    return launch.withStreams(input, output, errors);
  }

  /** QEMU's messages in the file; empty if they go to the standard error of this process. */
  String hiddenMessages() {
    return errorFile.map(StandardStreams::read).orElse("");
  }

  private static String read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(MAX_ERROR_CHARS), StandardCharsets.UTF_8);
      return text.strip();
    } catch (IOException e) {
      return "";
    }
  }
}
