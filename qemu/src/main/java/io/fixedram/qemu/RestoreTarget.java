// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.qmp.Endpoint;
import java.util.List;

/** The QEMU that a guest is restored into. */
public sealed interface RestoreTarget {
  /** One that waits, started with {@code -incoming defer}. It is left alone if the load fails. */
  record Running(Endpoint qmp) implements RestoreTarget {}

  /**
   * One to be started by this command: the words of a QEMU command line, without {@code -incoming}.
   * It is ended if the load fails.
   */
  record Command(List<String> command) implements RestoreTarget {
    /** Keeps a copy of the list. */
    public Command {
      command = List.copyOf(command);
    }
  }
}
