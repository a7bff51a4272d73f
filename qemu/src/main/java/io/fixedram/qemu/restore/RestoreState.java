// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

/**
 * How far a restore has come, which decides what a failure does to the guest.
 *
 * <pre>
 *                migrate-incoming      seen to run      all pages are there
 *   PREPARED ---------------------> LOADING ---> RUNNING ---> RESIDENT
 *      |                               |            |
 *      |                               |            +-- a page can't be served, or the user gives
 *      v                               v            v   the guest up: it is stopped
 *    FAILED                         FAILED       FAILED
 * </pre>
 *
 * Guests that are served pages while they run go through all states; those of the other restore
 * modes have all pages when they run. "Running" means ready to, where the guest is to stay paused.
 */
enum RestoreState {
  /** QEMU waits. A failure puts its settings back; one that was started here is ended. */
  PREPARED,
  /** QEMU takes the guest's state. A failure does the same. */
  LOADING,
  /**
   * The guest runs, and QEMU needs pages from here. Only a page that can't be served ends it, or
   * the user's second signal; all else is told, and pages go on.
   */
  RUNNING,
  /** QEMU needs nothing from here. What fails now is told, and changes nothing. */
  RESIDENT,
  /** The guest was not restored. */
  FAILED
}
