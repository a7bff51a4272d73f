// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/**
 * What can be done about something that is not possible, in the terms of the library. A program
 * does it, or words it with the names of its own options.
 */
public enum Remedy {
  /** Stop the guest before it is saved. */
  STOP_GUEST,

  /** Have QEMU send the guest in a migration stream (save mode stream), which every QEMU can. */
  SAVE_BY_STREAM,

  /** Restore the save by a migration stream (restore mode stream), which every QEMU can load. */
  RESTORE_BY_STREAM,

  /**
   * Have the guest's pages served while it runs (restore mode lazy), unless something is in the way
   * of that too.
   */
  RESTORE_LAZILY,

  /** Convert the save to a new mapped-ram file and use that one. */
  CONVERT_TO_MAPPED_RAM,

  /** Do not demand that pages are written past the page cache. */
  WRITE_THROUGH_PAGE_CACHE,

  /** Have the restore start QEMU from its command line, instead of using a QEMU that waits. */
  HAVE_QEMU_STARTED,

  /** Start QEMU separately, so that it waits for a guest, and restore over its QMP socket. */
  RESTORE_INTO_WAITING_QEMU,

  /** Let the QEMU that is started go on in the background when the restore is done. */
  DETACH_QEMU,

  /** Leave the guest paused once it is loaded. */
  LEAVE_PAUSED,

  /** Receive the migration on a TCP port, and tell QEMU to migrate to it. */
  RECEIVE_OVER_TCP,

  /** Tell QEMU to load its guest from a TCP port, and send the save there. */
  SEND_OVER_TCP
}
