// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/**
 * Hears of a migration as it goes on. Called by the migration's thread, or by the one that cancels
 * it, one call at a time and in order; it must return soon. What it throws goes to that thread's
 * handler of uncaught exceptions and does not touch the migration.
 */
public interface MigrationListener {

  /** The state is now another one. */
  default void statusChanged(MigrationStatus status) {}

  /**
   * The dirty log was read, for the n-th time: before the first pass, after each, and once more
   * when the guest stands still (QEMU's event MIGRATION_PASS, its dirty-sync-count).
   */
  default void dirtyLogRead(long count) {}

  /** A pass over the memory of the running guest begins, the first is 1. */
  default void passBegins(long pass) {}
}
