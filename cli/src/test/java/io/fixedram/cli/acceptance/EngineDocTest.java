// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that the documentation of the engine shows is compiled and run as it says. */
class EngineDocTest {
  private static final int MAX_LINES = 39;

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @Test
  void programOnThePageWorks() throws IOException, InterruptedException {
    DocPage page = DocPage.read("docs/engine.md");
    assertThat(page.program("Counters")).hasSizeBetween(10, MAX_LINES);
    page.writeTo(directory);
    assertThat(page.commands()).hasSize(2);
    try (Launcher shell =
        Launcher.shell(directory, page.shell(directory, String.join("\n", page.commands())))) {
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
}
