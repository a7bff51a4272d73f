// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.FixedRamException;

/** A restore failed, and the QEMU that was started for it could not be ended. */
public final class QemuLeftException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  QemuLeftException(String message, Throwable cause) {
    super(message, cause);
  }
}
