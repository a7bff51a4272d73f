// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

/**
 * State of a restore, which decides what a failure does to the guest.
 *
 * <pre>
 *             QEMU waits          the load begins         seen to run      all pages are there,
 *                                                                          or the guest has ended
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
 * Only restores of mode lazy are RUNNING, unless all pages arrive before the guest is seen to run;
 * in other modes the guest has all pages when it runs. If the guest is to stay paused, RUNNING
 * means that it is ready to run.
 */
public enum RestoreState {
  /** The save is open and QEMU's command line is decided. A failure has nothing to undo. */
  PREPARED,
  /**
   * QEMU waits for the guest. A failure restores QEMU's settings, or ends a QEMU that was started
   * for this restore.
   */
  STARTED,
  /**
   * QEMU loads the guest, or, in mode memory, its memory is written. A failure has the same effect
   * as in STARTED, except that a QEMU whose memory was written is ended too, since another load
   * would assume that its memory is empty.
   */
  LOADING,
  /**
   * The guest runs, and QEMU needs pages from this process. Only a page that can't be served or a
   * second cancellation stops the guest; other failures are reported as warnings, and serving
   * continues.
   */
  RUNNING,
  /**
   * The guest needs nothing more from this process: it is restored completely, or, in mode lazy, it
   * has ended by itself before all its pages had arrived. Later failures are only warnings.
   */
  RESIDENT,
  /**
   * The guest was not restored, and cleanup is done: QEMU has its settings back and waits for
   * another guest, or was ended if it was started for this restore or its memory was written; a
   * guest that ran without all its pages is stopped.
   */
  FAILED
}
