// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

/**
 * Hears of a migration as it goes on. Called by the migration's thread, or by the one that cancels
 * it, one call at a time and in order; it must return soon. What it throws goes to that thread's
 * handler of uncaught exceptions and does not touch the migration.
 */
public interface MigrationListener {

  /** The state is now another one. */
  default void statusChanged(MigrationStatus status) {}

  /** A pass over the memory begins, the first is 1 (QEMU's event MIGRATION_PASS). */
  default void passBegins(long pass) {}
}
