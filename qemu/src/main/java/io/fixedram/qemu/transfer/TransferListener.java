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

  /** A detail of what is done, for who wants to know. */
  default void note(String sentence) {}

  /** Something that everybody should know, though it does not end the work. */
  default void warning(String sentence) {}

  /** A note on something that can be done about; the sentence alone unless this is overridden. */
  default void note(Reason reason) {
    note(reason.sentence());
  }

  /** A warning of something that can be done about; the sentence alone unless overridden. */
  default void warning(Reason reason) {
    warning(reason.sentence());
  }
}
