// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;

/** QEMU has not answered in the time that it was given. It may carry the command out later. */
public final class LateAnswerException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  LateAnswerException(String sentence) {
    super(sentence);
  }
}
