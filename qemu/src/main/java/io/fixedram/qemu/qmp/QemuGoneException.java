// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;

/** QEMU closed its QMP connection: it ended, was killed, or the connection was cut. */
public final class QemuGoneException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates a failure with its sentence. */
  public QemuGoneException(String sentence) {
    super(sentence);
  }
}
