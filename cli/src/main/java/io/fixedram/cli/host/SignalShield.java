// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.Programs;
import java.util.ArrayList;
import java.util.List;

/**
 * Protects a QEMU whose guest depends on this process from signals that a terminal sends to all its
 * programs (Ctrl-C and hangup): QEMU is started with these signals blocked. QEMU installs handlers
 * but does not unblock them, so they stay blocked until it ends.
 */
final class SignalShield {
  /** Command of GNU coreutils 8.31 and later. */
  private static final List<String> WORDS =
      List.of("env", "--block-signal=INT", "--block-signal=HUP");

  private SignalShield() {}

  /**
   * Words to prepend to a command to block the signals; empty if this system does not support it.
   */
  static List<String> before(List<String> command) {
    return before(command, WORDS);
  }

  /** Words to prepend to a command, if they work on this system. */
  static List<String> before(List<String> command, List<String> words) {
    // If the program does not exist, the error should name it, not the prepended command.
    boolean found = Programs.find(command.getFirst()).isPresent();
    return found && works(words) ? words : List.of();
  }

  private static boolean works(List<String> words) {
    List<String> trial = new ArrayList<>(words);
    trial.add("true");
    try {
      return Launch.of(trial).start().waitFor() == 0;
    } catch (StorageException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
