// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;

/**
 * A program that is to be started. Unless told otherwise it has nothing to read, and what it writes
 * goes nowhere. Not for several threads.
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

  /** Names it in failures, instead of by its first word. */
  public Launch called(String what) {
    name = what;
    return this;
  }

  /** Starts it in a directory. */
  public Launch in(Path directory) {
    builder.directory(directory.toFile());
    return this;
  }

  /** Chooses all of its standard streams. */
  public Launch withStreams(Redirect input, Redirect output, Redirect errors) {
    builder.redirectInput(input).redirectOutput(output).redirectError(errors);
    return this;
  }

  /** Has what it writes go to a file, errors and all. */
  public Launch withLog(Path file) {
    builder.redirectErrorStream(true).redirectOutput(file.toFile());
    return this;
  }

  /** Has what it writes read by us, output and errors apart. */
  public Launch withPipes() {
    builder.redirectOutput(Redirect.PIPE).redirectError(Redirect.PIPE);
    return this;
  }

  /** Has it speak English, as who reads it here expects; names are in UTF-8 all the same. */
  public Launch inEnglish() {
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().remove("LANGUAGE");
    return this;
  }

  /**
   * Starts it.
   *
   * @throws StorageException if that can't be done
   */
  public Process start() {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new StorageException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }
}
