// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.input;

import io.fixedram.cli.args.UsageException;
import io.fixedram.qemu.qmp.Endpoint;
import java.nio.file.Path;
import java.util.Optional;

/** Parser of socket addresses in options. */
public final class Addresses {
  /** Operand or address for standard input or output. */
  public static final String STANDARD_STREAM = "-";

  private Addresses() {}

  /** The address of a QMP socket. */
  public static Endpoint qmp(String text) {
    return orStandardStream("--qmp", text)
        .orElseThrow(() -> new UsageException("--qmp takes a socket, not -"));
  }

  /** The path of a unix socket. */
  public static Path unix(String option, String text) {
    return orStandardStream(option, text)
        .flatMap(endpoint ->
            endpoint instanceof Endpoint.Unix unix ? Optional.of(unix.path()) : Optional.empty())
        .orElseThrow(() -> new UsageException(option + " takes a unix socket, not " + text));
  }

  /** The address of a socket; empty for {@code -}, a standard stream of this process. */
  public static Optional<Endpoint> orStandardStream(String option, String text) {
    if (text.equals(STANDARD_STREAM)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Endpoint.parse(text));
    } catch (IllegalArgumentException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
  }
}
