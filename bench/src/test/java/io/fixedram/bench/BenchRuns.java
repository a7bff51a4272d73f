// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code fixedram bench}, tiny. Its tests are in two classes, which run at the same time. */
@Timeout(180)
abstract class BenchRuns {
  /** Some forty jobs, most of which start Java or QEMU. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @TempDir Path parent;
  Path directory = Path.of("");

  @BeforeAll
  static void build() throws IOException, InterruptedException {
    Launcher.build("bench", "--help");
  }

  /** What the launcher writes stands beside it. */
  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createDirectory(parent.resolve("d"));
  }

  Launcher start(Path qemu, Object... more) throws IOException {
    List<Object> words = new ArrayList<>();
    words.addAll(
        List.of(
            "bench",
            "--quick",
            "--guest",
            "own",
            "--ram",
            "96",
            "--used",
            "16",
            "--clones",
            "2",
            "--dir",
            directory,
            "--qemu",
            qemu,
            "-p",
            "--output",
            "json"));
    words.addAll(List.of(more));
    return Launcher.start(directory, words.toArray());
  }

  void measures(Path qemu, String suites) throws IOException, InterruptedException {
    Path json = parent.resolve("bench.json");
    Path chart = parent.resolve("bench.svg");
    try (Launcher launcher =
        start(qemu, "--rounds", "1", "--suite", suites, "--json", json, "--chart", chart)) {
      Result result = launcher.result(PATIENCE);
      assertThat(result.status()).as(result.err()).isZero();
      Json told = Json.parse(result.out());
      assertThat(told.toString()).isEqualTo(Json.parse(Files.readString(json)).toString());
      List<Json> measured = told.get("suites").items();
      assertThat(measured)
          .extracting(each -> each.get("suite").text())
          .contains(suites.split(",", -1));
      for (Json suite : measured) {
        assertThat(suite.get("rivals").items()).as(suite.toString()).isNotEmpty();
        for (Json rival : suite.get("rivals").items()) {
          // A file system without direct I/O is no failure of ours.
          if (rival.find("failure").isPresent()) {
            assertThat(rival.get("name").text())
                .as(rival.toString())
                .containsAnyOf("direct-io", "disk's limit");
          } else {
            assertThat(rival.get("samples").items()).as(rival.toString()).hasSize(1);
          }
        }
      }
      assertThat(told.get("host").get("guest").text()).contains("own test guest");
    }
    assertThat(chart).content().startsWith("<?xml").endsWith("</svg>\n");
    assertThat(directory).isEmptyDirectory();
  }
}
