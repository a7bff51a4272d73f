// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import io.fixedram.error.Reason;

/**
 * Listener for the progress of a transfer. Methods are called by the transfer's threads and must
 * return soon. Exceptions are logged and otherwise ignored.
 */
public interface TransferListener {
  /** A listener that does nothing. */
  TransferListener NONE = new TransferListener() {};

  /**
   * The transfer of RAM begins. The view may be read at any time, also after the transfer. Called
   * again, with another view, if mode auto starts over in another mode.
   */
  default void started(TransferView view) {}

  /** A detail for interested users, with remedies. */
  default void note(Reason reason) {}

  /** A problem that does not end the work, with remedies. */
  default void warning(Reason reason) {}

  /** Calls {@link #note(Reason)} with a sentence without remedies. */
  default void note(String sentence) {
    note(Reason.of(sentence));
  }

  /** Calls {@link #warning(Reason)} with a sentence without remedies. */
  default void warning(String sentence) {
    warning(Reason.of(sentence));
  }
}
