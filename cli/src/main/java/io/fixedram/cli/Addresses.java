// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.UsageException;
import io.fixedram.qemu.qmp.Endpoint;
import java.nio.file.Path;

/** Parser of socket addresses in options. */
final class Addresses {
  private Addresses() {}

  /** The address of a QMP socket; {@code -} is refused. */
  static Endpoint qmp(String text) {
    Endpoint endpoint = any("--qmp", text);
    if (endpoint instanceof Endpoint.StandardStreams) {
      throw new UsageException("--qmp takes a socket, not -");
    }
    return endpoint;
  }

  /** The path of a unix socket. */
  static Path unix(String option, String text) {
    return switch (any(option, text)) {
      case Endpoint.Unix unix -> unix.path();
      case Endpoint.Tcp _, Endpoint.StandardStreams _ ->
          throw new UsageException(option + " takes a unix socket, not " + text);
    };
  }

  /** Any address, including {@code -} for a standard stream. */
  static Endpoint any(String option, String text) {
    try {
      return Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
  }
}
