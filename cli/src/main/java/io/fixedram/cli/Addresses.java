// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.UsageException;
import io.fixedram.qemu.qmp.Endpoint;

/** Addresses of sockets as options give them. */
final class Addresses {
  private Addresses() {}

  /** The address of a QMP socket, which {@code -} is not. */
  static Endpoint qmp(String text) {
    Endpoint endpoint = any("--qmp", text);
    if (endpoint instanceof Endpoint.StandardStreams) {
      throw new UsageException("--qmp takes a socket, not -");
    }
    return endpoint;
  }

  /** Any address, {@code -} for a standard stream included. */
  static Endpoint any(String option, String text) {
    try {
      return Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
  }
}
