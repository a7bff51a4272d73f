// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.start.QemuStarter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The QEMU that a guest is restored into. */
sealed interface RestoreTarget {
  /** A QEMU that waits, started with {@code -incoming defer}. It is not ended if the load fails. */
  record Waiting(Endpoint qmp) implements RestoreTarget {}

  /**
   * A QEMU that the caller starts for this restore. It is not ended if the load fails.
   *
   * @param socket path of its QMP socket
   * @param timeout how long that may take
   * @param process process to watch while waiting for the socket
   */
  record Awaited(Path socket, Duration timeout, Optional<ProcessHandle> process)
      implements RestoreTarget {}

  /**
   * A QEMU to start for this restore. It is ended if the load fails.
   *
   * @param command the words of a QEMU command line, without {@code -incoming}
   * @param generationId VM generation id to set; empty to keep the command's
   * @param starter starter of the process; empty for the default
   */
  record Command(List<String> command, Optional<UUID> generationId, Optional<QemuStarter> starter)
      implements RestoreTarget {
    /** Copies the list. */
    public Command {
      command = List.copyOf(command);
    }

    /** A copy with another command. */
    Command with(List<String> words) {
      return new Command(words, generationId, starter);
    }
  }
}
