// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;

/** A command that is answered with an error of one of QEMU's error classes (QapiErrorClass). */
final class CommandException extends FixedRamException {
  static final String GENERIC = "GenericError";
  static final String NOT_FOUND = "CommandNotFound";

  private static final long serialVersionUID = 1L;

  private final String errorClass;

  CommandException(String errorClass, String sentence) {
    super(sentence);
    this.errorClass = errorClass;
  }

  String errorClass() {
    return errorClass;
  }
}
