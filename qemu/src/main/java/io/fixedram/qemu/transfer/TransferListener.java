// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import io.fixedram.error.Reason;

/**
 * Is told how a transfer goes on. Calls come from the transfer's threads and must return soon. What
 * a method other than {@link #started} throws changes nothing.
 */
public interface TransferListener {
  /** A listener that hears nothing. */
  TransferListener NONE = new TransferListener() {};

  /** RAM begins to flow; the view may be read until the transfer's method returns, and after. */
  default void started(TransferView view) {}

  /** A detail of what is done, for who wants to know, and what can be done about it. */
  default void note(Reason reason) {}

  /** What everybody should know, though it does not end the work, and what can be done about it. */
  default void warning(Reason reason) {}

  /** Gives {@link #note(Reason)} a note that nothing can be done about. */
  default void note(String sentence) {
    note(Reason.of(sentence));
  }

  /** Gives {@link #warning(Reason)} a warning that nothing can be done about. */
  default void warning(String sentence) {
    warning(Reason.of(sentence));
  }
}
