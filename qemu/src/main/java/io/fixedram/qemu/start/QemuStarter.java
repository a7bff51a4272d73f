// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.start;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Starts the QEMU that a guest is restored into: with which environment, control group, name space,
 * user and standard streams is for the starter to decide. The program that it starts must become
 * QEMU, or pass all of its arguments on to it, in the same file and network name space as this
 * process.
 */
@FunctionalInterface
public interface QemuStarter {
  /**
   * Starts a program and returns at once. Called by the thread that restores, once more if QEMU
   * does not come up with the save as its memory and the restore mode may be another one.
   *
   * @param words the program and its arguments, complete, {@code -incoming} and QMP socket included
   * @param served whether the guest may need pages from this process while it runs: what ends QEMU
   *     then should reach it through this process, and Ctrl-C on a shared terminal should not
   * @throws IOException if the program can't be started
   * @throws FixedRamException the same, with a sentence of its own
   */
  StartedQemu start(List<String> words, boolean served) throws IOException;

  /**
   * What a Java program wants if it has no other wish: QEMU has the environment of this process,
   * nothing to read, and writes where this process writes.
   */
  static QemuStarter inheriting() {
    return (words, _) -> OwnStart.inheriting(words);
  }

  /**
   * The same, but QEMU writes output and errors to a file, which is replaced. Failures quote it.
   *
   * @param log the file
   */
  static QemuStarter logging(Path log) {
    return (words, _) -> OwnStart.logging(words, log);
  }
}
