// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.FixedRamException;

/**
 * Loads the content of a save into a QEMU that waits for an incoming migration; one implementation
 * for each restore mode. Closing it releases what QEMU needed while loading.
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

  /** Makes QEMU start loading. */
  void start();

  /** Provides QEMU with the content; QEMU may still be loading when this returns. */
  void feed();

  /**
   * Whether QEMU must end after a failure, since its memory has a part of the guest while other
   * loads expect it to be empty.
   */
  default boolean mustEndAfterFailure() {
    return false;
  }

  /**
   * Checks, after QEMU has loaded everything, that it has loaded the right content.
   *
   * @throws FixedRamException if the guest must not run
   */
  default void loaded() {}

  /**
   * Whether the content is known to be loaded and the guest to be in the requested state, so that
   * QEMU need not be asked.
   *
   * @throws FixedRamException if that can't be determined any more
   */
  default boolean isConfirmedLoaded() {
    return false;
  }

  /**
   * Handles a guest that may run and whose content can't be provided any more.
   *
   * @param reason the failure
   * @return the exception to throw
   */
  default RuntimeException abandon(FixedRamException reason) {
    return reason;
  }

  @Override
  void close();
}
