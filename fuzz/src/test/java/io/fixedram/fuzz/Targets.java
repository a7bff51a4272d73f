// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** All targets. */
final class Targets {
  static final List<String> NAMES =
      List.of(
          "stream",
          "fixed-file",
          "sealed-file",
          "envelope",
          "devices",
          "manifest",
          "return-path",
          "hot-file",
          "key-file",
          "command",
          "qmp",
          "texts");

  private Targets() {}

  /**
   * A target.
   *
   * @param directory directory for its files, empty at first
   */
  static FuzzTarget of(String name, Path directory) throws IOException {
    return switch (name) {
      case "stream" -> new StreamTarget();
      case "fixed-file" -> new FixedFileTarget();
      case "sealed-file" -> new SealedFileTarget(directory);
      case "envelope" -> new EnvelopeTarget();
      case "devices" -> new DevicesTarget();
      case "manifest" -> new ManifestTarget();
      case "return-path" -> new ReturnPathTarget();
      case "key-file" -> new KeyFileTarget(directory);
      case "hot-file" -> new HotFileTarget(directory);
      case "command" -> new CommandTarget();
      case "qmp" -> new QmpTarget(directory);
      case "texts" -> new TextsTarget();
      default -> throw new IllegalArgumentException("no target " + name + ": " + NAMES);
    };
  }
}
