// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.qemu.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** apt works in a directory of its own; nothing is fetched here. */
class AptPackagesTest {
  @TempDir Path directory;

  private String settings() {
    assumeThat(Programs.find("apt-config")).as("this machine has no apt").isPresent();
    return new AptPackages(directory, new Cancellation())
        .apt("apt-config", "dump")
        .orThrow("apt-config")
        .out();
  }

  @Test
  void listsAndDownloadsAreItsOwn() {
    assertThat(settings().lines())
        .contains("Dir::State \"" + directory.resolve("state") + "\";")
        .contains("Dir::Cache \"" + directory.resolve("cache") + "\";")
        .noneMatch(line -> line.contains(directory.resolve("sources.list").toString()));
    assertThat(directory.resolve("state/lists/partial")).isDirectory();
    assertThat(directory.resolve("cache/archives/partial")).isDirectory();
  }

  @Test
  void sourcesThatAreGivenTakeThePlaceOfTheMachines() throws IOException {
    Path sources = Files.createFile(directory.resolve("sources.list"));
    assertThat(settings().lines())
        .contains("Dir::Etc::sourcelist \"" + sources + "\";")
        .contains("Dir::Etc::sourceparts \"/dev/null\";");
  }
}
