// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.start.QemuStarter;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The QEMU that a guest is restored into. */
public sealed interface RestoreTarget {
  /** One that waits, started with {@code -incoming defer}. It is left alone if the load fails. */
  record Running(Endpoint qmp) implements RestoreTarget {}

  /**
   * One to be started for this: the words of a QEMU command line, without {@code -incoming}. It is
   * ended if the load fails.
   *
   * @param generationId the VM generation id that the guest is to see, if another than the
   *     command's
   * @param starter starts it
   */
  record Command(List<String> command, Optional<UUID> generationId, QemuStarter starter)
      implements RestoreTarget {
    /** Keeps a copy of the list. */
    public Command {
      command = List.copyOf(command);
    }

    /** A command whose options stay, and which is started as the library does by itself. */
    public Command(List<String> command) {
      this(command, Optional.empty(), QemuStarter.inheriting());
    }

    /** The same with other words. */
    Command with(List<String> words) {
      return new Command(words, generationId, starter);
    }
  }
}
