// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/**
 * A way to avoid a failure or an obstacle, in terms of the library. A program can apply it, or
 * describe it to its users in terms of its own options.
 */
public enum Remedy {
  /** Save or restore by a migration stream (mode stream), which every QEMU supports. */
  USE_STREAM,

  /**
   * Serve the guest's pages while it runs (restore mode lazy), unless that is not possible either.
   */
  RESTORE_LAZILY,

  /**
   * Write the save's pages to their places in QEMU's memory (restore mode memory), if that memory
   * is accessible.
   */
  RESTORE_IN_PLACE,

  /** Convert the save to a new mapped-ram file and use that. */
  CONVERT_TO_MAPPED_RAM,

  /** Seal the file, so that damage from then on is found. */
  SEAL,

  /** Write a signed copy of the save. */
  SIGN_A_COPY,

  /** Do not require that the save is signed. */
  DO_WITHOUT_KEY,

  /** Give the id of QEMU's process, if another process created its QMP socket. */
  NAME_PROCESS,

  /** Make room on the file system, or write to one that can have the file. */
  WRITE_ELSEWHERE,

  /** Do not reserve the file's space before it is written. */
  DO_NOT_RESERVE,

  /** Do not require direct writes, which bypass the page cache. */
  WRITE_THROUGH_PAGE_CACHE,

  /** Let the restore start QEMU from its command line, instead of using a QEMU that waits. */
  HAVE_QEMU_STARTED,

  /** Start QEMU separately, so that it waits for a guest, and restore over its QMP socket. */
  RESTORE_INTO_WAITING_QEMU,

  /** Let the started QEMU run on in the background when the restore is complete. */
  DETACH_QEMU,

  /** Restore although a disk of the guest has changed. */
  ACCEPT_CHANGED_DISKS,

  /** Name a directory for overlays over the disks. */
  NAME_OVERLAY_DIRECTORY,

  /** Take a snapshot of the disks in the same stop as the save. */
  SNAPSHOT_DISKS,

  /** Give the restored guest new overlays over the images of the save. */
  USE_NEW_OVERLAYS,

  /** Leave the guest paused once it is loaded. */
  LEAVE_PAUSED,

  /** Receive the migration on a TCP port, and tell QEMU to migrate to it. */
  RECEIVE_OVER_TCP,

  /** Tell QEMU to load its guest from a TCP port, and send the save there. */
  SEND_OVER_TCP
}
