// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that the documentation of the engine shows is compiled and run as it says. */
class EngineDocTest {
  private static final Path TREE = Path.of("..").toAbsolutePath().normalize();
  private static final Path PAGE = TREE.resolve("docs/engine.md");
  private static final String CODE_INDENT = "    ";
  private static final int MAX_LINES = 39;

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @Test
  void programOnThePageWorks() throws IOException, InterruptedException {
    List<String> page = Files.readAllLines(PAGE);
    List<String> program = between(page, "```java", "```");
    assertThat(program).hasSizeBetween(10, MAX_LINES);
    Files.write(directory.resolve("Counters.java"), program);
    // What stands in a clone, and nothing that Maven alone would make there.
    Files.createSymbolicLink(directory.resolve("fixedram"), TREE.resolve("fixedram"));
    Path target = Files.createDirectory(directory.resolve("target"));
    Files.createSymbolicLink(target.resolve("fixedram"), TREE.resolve("target/fixedram"));
    List<String> commands =
        between(page, "```java", "## Who owns what").stream()
            .dropWhile(line -> !line.equals("```"))
            .filter(line -> line.startsWith(CODE_INDENT))
            .toList();
    assertThat(commands).hasSize(2);
    try (Launcher shell =
        Launcher.shell(
            directory,
            "set -e; cd '%s'; PATH='%s/bin':$PATH\n"
                    .formatted(directory, System.getProperty("java.home", ""))
                + String.join("\n", commands))) {
      Result result = shell.result();
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(result.out().lines())
          .satisfiesExactly(
              version -> assertThat(version).startsWith("fixedram "),
              first -> assertThat(first).startsWith("stood still for PT"),
              second ->
                  assertThat(second)
                      .matches("the count is ([1-9][0-9]*), the last one in memory \\1"));
    }
    assertThat(directory.resolve("counters.fram")).isRegularFile();
  }

  private static List<String> between(List<String> lines, String first, String end) {
    return lines.stream()
        .dropWhile(line -> !line.equals(first))
        .skip(1)
        .takeWhile(line -> !line.equals(end))
        .toList();
  }
}
