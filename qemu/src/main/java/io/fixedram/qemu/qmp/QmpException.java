// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;

/** QEMU refused a command. */
public final class QmpException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final String errorClass;
  private final String description;

  QmpException(String command, String errorClass, String description) {
    super("QEMU refuses '" + command + "': " + description);
    this.errorClass = errorClass;
    this.description = description;
  }

  /** QEMU's name of the error class: {@code GenericError}, {@code CommandNotFound}, ... */
  public String errorClass() {
    return errorClass;
  }

  /** QEMU's description of the error. */
  public String description() {
    return description;
  }
}
