// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.Programs;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps what a terminal sends to all its programs, Ctrl-C and its end, from a QEMU whose guest
 * depends on us: it is started with these signals blocked. QEMU handles them itself but leaves them
 * blocked, and nobody else can undo that, so that they stay so until it ends.
 */
final class SignalShield {
  /** Of GNU coreutils, from 8.31 on. */
  private static final List<String> WORDS =
      List.of("env", "--block-signal=INT", "--block-signal=HUP");

  private SignalShield() {}

  /** Words before the command that have it shielded; none if this system has no such program. */
  static List<String> before(List<String> command) {
    return before(command, WORDS);
  }

  /** The same with other words that are to do it. */
  static List<String> before(List<String> command, List<String> words) {
    // A program that is not there is better missed by name than by who would have started it.
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
