// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;

/** The QEMUs that tests run with, where the environment names them. */
public enum TestedQemu {
  /** QEMU 7.2. */
  QEMU_7("FIXEDRAM_QEMU_7"),
  /** QEMU 10. */
  QEMU_10("FIXEDRAM_QEMU_10");

  private final String variable;

  TestedQemu(String variable) {
    this.variable = variable;
  }

  /** Its program; skips the test if there is none. */
  public Path binary() {
    String value = System.getenv().getOrDefault(variable, "");
    assumeTrue(!value.isEmpty(), variable + " is not set to the path of a qemu-system-x86_64");
    return Path.of(value);
  }
}
