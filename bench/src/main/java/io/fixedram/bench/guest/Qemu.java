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
 * @param program where it is
 * @param version what it says of itself
 */
public record Qemu(Path program, QemuVersion version) {
  private static final Pattern VERSION = Pattern.compile("version (\\d+)\\.(\\d+)\\.(\\d+)");

  /**
   * Asks a program for its version.
   *
   * @throws FixedRamException if it is no QEMU, or does not start
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

  /** What tables call it, such as "QEMU 7.2.22". */
  public String name() {
    return version.toString();
  }

  /** What files of it are called. */
  public String fileName() {
    return "qemu-" + version.major() + "." + version.minor() + "." + version.micro();
  }

  /** Whether it has {@code file:} targets, and guests can run on a private mapping of a file. */
  public boolean hasFileMigration() {
    return version.isAtLeast(8, 2);
  }

  /** Whether it has the format mapped-ram. */
  public boolean hasMappedRam() {
    return version.isAtLeast(9, 0);
  }

  /** Whether it can write that format past the page cache. */
  public boolean hasDirectIo() {
    return version.isAtLeast(9, 1);
  }
}
