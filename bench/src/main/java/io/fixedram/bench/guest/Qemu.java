// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.bench.host.ChildProcess;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QemuVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A QEMU program.
 *
 * @param program path of the program
 * @param version version that it reports
 */
public record Qemu(Path program, QemuVersion version) {
  private static final Pattern VERSION = Pattern.compile("version (\\d+)\\.(\\d+)\\.(\\d+)");

  /**
   * Queries the version of a program.
   *
   * @throws FixedRamException if the program is not a QEMU or does not start
   */
  public static Qemu of(Path program, Cancellation cancellation) {
    String said =
        ChildProcess.run(List.of(program.toString(), "--version"), Path.of("/"), cancellation)
            .orThrow(program + " --version")
            .out();
    Matcher numbers = VERSION.matcher(said);
    if (!numbers.find()) {
      throw new FixedRamException(program + " does not say its version: is it a QEMU?");
    }
    return new Qemu(
        program,
        new QemuVersion(
            Integer.parseInt(numbers.group(1)),
            Integer.parseInt(numbers.group(2)),
            Integer.parseInt(numbers.group(3))));
  }

  /** Name in tables, such as "QEMU 7.2.22". */
  public String name() {
    return version.toString();
  }

  /** Prefix for names of its files. */
  public String fileName() {
    return "qemu-" + version.major() + "." + version.minor() + "." + version.micro();
  }

  /** Whether it has {@code file:} migration, and guests can run on a private mapping of a file. */
  public boolean hasFileMigration() {
    return version.isAtLeast(8, 2);
  }

  /** Whether it supports the format mapped-ram. */
  public boolean hasMappedRam() {
    return version.isAtLeast(9, 0);
  }

  /** Whether it can write that format with direct I/O. */
  public boolean hasDirectIo() {
    return version.isAtLeast(9, 1);
  }
}
