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
  /** One that waits, started with {@code -incoming defer}. It is left alone if the load fails. */
  record Waiting(Endpoint qmp) implements RestoreTarget {}

  /**
   * One that somebody else starts for this. It is left alone if the load fails.
   *
   * @param socket where it is going to listen for QMP
   * @param patience how long that may take
   * @param process whose end, before it listens, is the end of the wait
   */
  record Awaited(Path socket, Duration patience, Optional<ProcessHandle> process)
      implements RestoreTarget {}

  /**
   * One to be started for this: the words of a QEMU command line, without {@code -incoming}. It is
   * ended if the load fails.
   *
   * @param generationId the VM generation id that the guest is to see, if another than the
   *     command's
   * @param starter starts it, if not the library's own
   */
  record Command(List<String> command, Optional<UUID> generationId, Optional<QemuStarter> starter)
      implements RestoreTarget {
    /** Keeps a copy of the list. */
    public Command {
      command = List.copyOf(command);
    }

    /** The same with other words. */
    Command with(List<String> words) {
      return new Command(words, generationId, starter);
    }
  }
}
