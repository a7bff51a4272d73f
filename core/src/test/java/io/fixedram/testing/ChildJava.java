// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a class of the tests in a Java of its own, for what a JVM has to be started differently. */
public final class ChildJava {
  private ChildJava() {}

  /**
   * What came of it.
   *
   * @param output standard output and error together
   */
  public record Result(int exitCode, String output) {}

  /** Runs to the end. */
  public static Result run(Class<?> main, List<String> options, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.addAll(options);
    command.add("-cp");
    command.add(
        Path.of("target", "classes") + File.pathSeparator + Path.of("target", "test-classes"));
    command.add(main.getName());
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return new Result(process.waitFor(), output);
    } finally {
      process.destroyForcibly();
    }
  }
}
