// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import java.util.List;

/**
 * How a QEMU is started that is to wait for an incoming migration.
 *
 * @param command the words of its command line, without {@code -incoming}
 * @param outputAside whether its standard output goes to standard error, so as to leave ours alone
 * @param detach whether it goes on without us: it gets a session of its own, and keeps none of our
 *     pipes open
 * @param shielded whether what a terminal sends to all its programs is kept from it, which then
 *     only we end, if that can be done
 */
public record QemuStart(
    List<String> command, boolean outputAside, boolean detach, boolean shielded) {
  /** Keeps a copy of the list. */
  public QemuStart {
    command = List.copyOf(command);
  }
}
