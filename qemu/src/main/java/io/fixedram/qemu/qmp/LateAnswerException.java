// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;

/** QEMU has not answered in time. It may still execute the command later. */
public final class LateAnswerException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  LateAnswerException(String sentence) {
    super(sentence);
  }
}
