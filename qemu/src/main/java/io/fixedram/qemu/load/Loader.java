// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.FixedRamException;

/**
 * How the content of a save gets into a QEMU that waits for an incoming migration. Closing it lets
 * go of what QEMU needed while it loaded.
 */
public sealed interface Loader extends AutoCloseable
    permits LazyLoader, MemoryLoader, NativeLoader, StreamLoader {
  /** Whether QEMU must have its mapped-ram capability on. */
  boolean mappedRam();

  /** Whether QEMU must have its postcopy-ram capability on. */
  default boolean postcopyRam() {
    return false;
  }

  /** Whether the guest must not run before {@link #loaded()} has found nothing wrong. */
  default boolean holdsGuestBack() {
    return false;
  }

  /** Has QEMU start to load. */
  void start();

  /** Does what QEMU needs done for it to load; QEMU may still be at it afterwards. */
  void feed();

  /**
   * Whether a QEMU that has not loaded the guest must end, since a part of it is in its memory,
   * which other loads take for empty.
   */
  default boolean spoilsDestination() {
    return false;
  }

  /**
   * Looks whether QEMU, which has taken all, has taken what it was to.
   *
   * @throws FixedRamException if the guest must not run
   */
  default void loaded() {}

  /**
   * Whether what was fed is known to be loaded, and the guest to be as was asked for, so that QEMU
   * need not be asked.
   *
   * @throws FixedRamException if neither can be known any more
   */
  default boolean seenThrough() {
    return false;
  }

  /**
   * Sees to a guest that may run and that can't be fed any more.
   *
   * @param reason why it can't
   * @return what to fail with
   */
  default RuntimeException abandon(FixedRamException reason) {
    return reason;
  }

  @Override
  void close();
}
