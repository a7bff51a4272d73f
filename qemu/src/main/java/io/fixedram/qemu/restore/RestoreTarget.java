// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.qemu.qmp.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The QEMU that a guest is restored into. */
public sealed interface RestoreTarget {
  /** One that waits, started with {@code -incoming defer}. It is left alone if the load fails. */
  record Running(Endpoint qmp) implements RestoreTarget {}

  /**
   * One to be started by this command: the words of a QEMU command line, without {@code -incoming}.
   * It is ended if the load fails.
   *
   * @param outputAside whether its standard output goes to standard error, so as to leave ours
   *     alone
   * @param generationId the VM generation id that the guest is to see, if another than the
   *     command's
   */
  record Command(List<String> command, boolean outputAside, Optional<UUID> generationId)
      implements RestoreTarget {
    /** Keeps a copy of the list. */
    public Command {
      command = List.copyOf(command);
    }

    /** A command whose output is its own, and whose options stay. */
    public Command(List<String> command) {
      this(command, false, Optional.empty());
    }

    /** The same with other words. */
    Command with(List<String> words) {
      return new Command(words, outputAside, generationId);
    }
  }
}
