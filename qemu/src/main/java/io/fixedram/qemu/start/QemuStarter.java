// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.start;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Starts the QEMU that a guest is restored into. The starter decides on environment, control group,
 * namespaces, user and standard streams. The program that it starts must become QEMU or pass all of
 * its arguments on to it, in the same mount and network namespaces as this process.
 */
@FunctionalInterface
public interface QemuStarter {
  /**
   * Starts a program and returns at once. Called by the restoring thread; called a second time if
   * QEMU does not start with the save as its memory and another restore mode is allowed.
   *
   * @param words the program and all its arguments, including {@code -incoming} and the QMP socket
   * @param served whether the guest may need pages from this process while it runs: QEMU should
   *     then not receive Ctrl-C from a shared terminal, but be ended through this process
   * @throws IOException if the program can't be started
   * @throws FixedRamException if the program can't be started, with a sentence for the user
   */
  StartedQemu start(List<String> words, boolean served) throws IOException;

  /**
   * The default starter: QEMU inherits environment, standard output and error of this process; its
   * standard input is empty.
   */
  static QemuStarter inheriting() {
    return (words, _) -> OwnStart.inheriting(words);
  }

  /**
   * A starter with the environment of this process and empty standard input that redirects standard
   * output and error to a file. Failures quote the end of the file.
   *
   * @param log the file, which is replaced
   */
  static QemuStarter logging(Path log) {
    return (words, _) -> OwnStart.logging(words, log);
  }
}
