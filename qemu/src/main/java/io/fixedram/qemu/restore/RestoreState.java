// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

/**
 * How far a restore has come, which decides what a failure does to the guest.
 *
 * <pre>
 *             QEMU waits          migrate-incoming        seen to run      all pages are there
 *   PREPARED ------------> STARTED ---------------> LOADING --------> RUNNING --------> RESIDENT
 *      |                      |                        |  \              |                 ^
 *      |                      |                        |   \             |                 |
 *      |                      |                        |    +------------------------------+
 *      |                      |                        |      in modes other than lazy
 *      |                      |                        |                 |
 *      v                      v                        v                 v  a page can't be served,
 *    FAILED                 FAILED                   FAILED           FAILED  or the user gives the
 *                                                                             guest up: it is stopped
 * </pre>
 *
 * Guests that are served pages while they run go through all states; those of the other restore
 * modes have all pages when they run. "Running" means ready to, where the guest is to stay paused.
 */
public enum RestoreState {
  /** The save is open, and QEMU's command line is decided. A failure has nothing to undo. */
  PREPARED,
  /** QEMU waits. A failure puts its settings back; one that was started for this is ended. */
  STARTED,
  /** QEMU takes the guest's state. A failure does the same. */
  LOADING,
  /**
   * The guest runs, and QEMU needs pages from here. Only a page that can't be served ends it, or
   * the user's second signal; all else is told, and pages go on.
   */
  RUNNING,
  /** QEMU needs nothing from here. What fails now is told, and changes nothing. */
  RESIDENT,
  /** The guest was not restored, and what could be put back is. */
  FAILED
}
