// SPDX-License-Identifier: Apache-2.0
package io.fixedram;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program that the documentation of the engine shows is compiled and run as it says. */
class EngineDocTest {
  private static final Path PAGE = Path.of("..", "docs", "engine.md");
  private static final int MOST_LINES = 39;

  @TempDir Path directory;

  @Test
  @Timeout(120)
  void programOnThePageWorks() throws Exception {
    List<String> program = program();
    assertThat(program).hasSizeBetween(10, MOST_LINES);
    Path source = Files.write(directory.resolve("Counters.java"), program);
    Path printed = directory.resolve("printed");
    Path save = directory.resolve("counters.fram");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "-p",
                "target/classes",
                "--add-modules",
                "io.fixedram.core",
                "--enable-native-access=io.fixedram.core",
                source.toString(),
                save.toString())
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .start();
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    process.destroyForcibly().waitFor();
    String output = Files.readString(printed);
    assertThat(ended).as(output).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output.lines())
        .satisfiesExactly(
            first -> assertThat(first).startsWith("stood still for PT"),
            second ->
                assertThat(second)
                    .matches("the count is ([1-9][0-9]*), the last one in memory \\1"));
    assertThat(save).isRegularFile();
  }

  private static List<String> program() throws IOException {
    return Files.readAllLines(PAGE).stream()
        .dropWhile(line -> !line.equals("```java"))
        .skip(1)
        .takeWhile(line -> !line.equals("```"))
        .toList();
  }
}
