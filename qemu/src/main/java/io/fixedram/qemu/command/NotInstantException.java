// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;

/** Why a guest can't run on a mapping of its save; another restore mode may bring it back. */
public final class NotInstantException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates it with a sentence that says what to change, and with what to do instead. */
  public NotInstantException(String sentence, Remedy... remedies) {
    super(sentence, remedies);
  }

  /** Creates it with a reason. */
  public NotInstantException(Reason reason) {
    super(reason);
  }
}
