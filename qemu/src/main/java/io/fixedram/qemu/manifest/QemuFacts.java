// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.os.SmallFile;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A QEMU.
 *
 * @param version its version
 * @param pack the package that it comes from, in its own words; may be empty
 * @param command its command line; empty if QEMU is not a process of this host, or not a visible
 *     one. The command line may contain passwords.
 * @param directory its working directory, if that can be read
 */
public record QemuFacts(
    QemuVersion version, String pack, List<String> command, Optional<Path> directory) {
  /** A longer one would not be a manifest's. */
  private static final int MAX_COMMAND_BYTES = 1 << 20;

  /** Copies the list. */
  public QemuFacts {
    command = List.copyOf(command);
  }

  /**
   * Queries a QEMU.
   *
   * @param named id of its process; empty for the one that listens on the socket
   */
  static QemuFacts ask(QmpClient qmp, OptionalInt named) {
    Optional<Path> process =
        (named.isPresent() ? named : qmp.peerProcess())
            .stream()
                .filter(id -> id > 0)
                .mapToObj(id -> Path.of("/proc", Integer.toString(id)))
                .findFirst()
                .filter(path -> hasCpuOf(qmp, path));
    return new QemuFacts(
        qmp.version(),
        qmp.executeIfKnown("query-version", Map.of())
            .flatMap(answer -> answer.findText("package"))
            .orElse(""),
        process.map(QemuFacts::words).orElse(List.of()),
        process.flatMap(QemuFacts::workingDirectory));
  }

  /**
   * Whether a process has the thread of the first vCPU: the one that listens may be a proxy, or a
   * manager that passed the socket on.
   */
  private static boolean hasCpuOf(QmpClient qmp, Path process) {
    return qmp.executeIfKnown("query-cpus-fast", Map.of()).stream()
        .flatMap(cpus -> cpus.items().stream())
        .limit(1)
        .map(cpu -> process.resolve("task").resolve(thread(cpu)))
        .anyMatch(Files::exists);
  }

  private static String thread(Json cpu) {
    return Long.toString(cpu.get("thread-id").number());
  }

  private static List<String> words(Path process) {
    try {
      String text =
          SmallFile.text(process.resolve("cmdline"), MAX_COMMAND_BYTES, StandardCharsets.UTF_8);
      return text.isEmpty()
          ? List.of()
          : Arrays.asList(text.substring(0, text.length() - 1).split("\0", -1));
    } catch (IOException e) {
      return List.of();
    }
  }

  private static Optional<Path> workingDirectory(Path process) {
    try {
      return Optional.of(Files.readSymbolicLink(process.resolve("cwd")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
