// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.error.FixedRamException;

/** Why a guest can't run on a mapping of its save; another restore mode may bring it back. */
public final class NotInstantException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates it with a sentence that says what to do instead, or to change. */
  public NotInstantException(String sentence) {
    super(sentence);
  }
}
