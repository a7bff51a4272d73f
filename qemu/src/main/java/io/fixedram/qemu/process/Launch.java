// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;

/**
 * Builder for starting a program. By default its standard input is empty and its output is
 * discarded. Not thread-safe.
 */
public final class Launch {
  private static final Path NOWHERE = Path.of("/dev/null");

  private final ProcessBuilder builder;
  private String name;

  private Launch(List<String> words) {
    name = words.getFirst();
    builder =
        new ProcessBuilder(words)
            .redirectInput(NOWHERE.toFile())
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD);
  }

  /** A program with its arguments. */
  public static Launch of(List<String> words) {
    return new Launch(words);
  }

  /** Sets the name of the program in failures; the default is its first word. */
  public Launch called(String what) {
    name = what;
    return this;
  }

  /** Sets the working directory. */
  public Launch in(Path directory) {
    builder.directory(directory.toFile());
    return this;
  }

  /** Sets all standard streams. */
  public Launch withStreams(Redirect input, Redirect output, Redirect errors) {
    builder.redirectInput(input).redirectOutput(output).redirectError(errors);
    return this;
  }

  /** Redirects standard output and error to a file. */
  public Launch withLog(Path file) {
    builder.redirectErrorStream(true).redirectOutput(file.toFile());
    return this;
  }

  /** Connects standard output and error to this process by separate pipes. */
  public Launch withPipes() {
    builder.redirectOutput(Redirect.PIPE).redirectError(Redirect.PIPE);
    return this;
  }

  /** Makes the program print English messages, which this project parses, in UTF-8. */
  public Launch inEnglish() {
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().remove("LANGUAGE");
    return this;
  }

  /**
   * Starts the program.
   *
   * @throws StorageException if starting fails
   */
  public Process start() {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new StorageException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }
}
