// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The manual page is what the commands say of themselves. After a change to them, running this test
 * with {@code -Dfixedram.man.update=true} writes it anew.
 */
class ManPageTest {
  private static final Path PAGE = Path.of("src", "main", "man", "fixedram.1");
  private static final Path GROFF = Path.of("/usr/bin/groff");

  @Test
  void pageSaysWhatTheCommandsSay() throws IOException {
    if (Boolean.getBoolean("fixedram.man.update")) {
      Files.writeString(PAGE, ManPage.text());
    }
    assertThat(Files.readString(PAGE))
        .as("the manual page is out of date: run this test with -Dfixedram.man.update=true")
        .isEqualTo(ManPage.text());
  }

  @Test
  void groffHasNothingToComplainOf() throws IOException, InterruptedException {
    assumeThat(Files.isExecutable(GROFF)).as("groff is not installed").isTrue();
    Process groff =
        new ProcessBuilder(GROFF.toString(), "-man", "-Tutf8", "-ww", PAGE.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String complaints = new String(groff.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(groff.waitFor()).isZero();
    assertThat(complaints).isEmpty();
  }
}
