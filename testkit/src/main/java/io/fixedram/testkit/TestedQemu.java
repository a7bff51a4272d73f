// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The QEMU programs for tests, named by environment variables. */
public enum TestedQemu {
  QEMU_7("FIXEDRAM_QEMU_7"),
  QEMU_10("FIXEDRAM_QEMU_10");

  private final String variable;

  TestedQemu(String variable) {
    this.variable = variable;
  }

  /** The program; the test is skipped if there is none. */
  public Path binary() {
    String value = System.getenv(variable);
    Assumptions.assumeTrue(
        value != null && Files.isExecutable(Path.of(value)),
        variable + " names no QEMU to test with");
    return Path.of(String.valueOf(value));
  }

  /** Any of them; the test is skipped if there is none. */
  public static Path any() {
    List<Path> found = new ArrayList<>();
    for (TestedQemu program : values()) {
      String value = System.getenv(program.variable);
      if (value != null && Files.isExecutable(Path.of(value))) {
        found.add(Path.of(value));
      }
    }
    Assumptions.assumeFalse(
        found.isEmpty(), "neither FIXEDRAM_QEMU_7 nor FIXEDRAM_QEMU_10 names a QEMU to test with");
    return found.getFirst();
  }
}
