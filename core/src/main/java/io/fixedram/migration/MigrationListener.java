// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/**
 * Listener for the progress of a migration. Called by the migration's thread or by a thread that
 * calls the migration, one call at a time and in order; implementations must return soon.
 * Exceptions go to that thread's uncaught exception handler and do not affect the migration.
 */
public interface MigrationListener {

  /** The status has changed. */
  default void statusChanged(MigrationStatus status) {}

  /**
   * The dirty log was read for the {@code count}-th time: before the first pass, after each pass,
   * and once after the guest is stopped (as in QEMU's event MIGRATION_PASS and its
   * dirty-sync-count).
   */
  default void dirtyLogRead(long count) {}

  /** A pass over the memory of the running guest begins; the first pass is 1. */
  default void passBegins(long pass) {}
}
