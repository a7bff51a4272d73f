// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;

/** The memory of a QEMU can't be read or written where it lies; other ways may do. */
public final class MemoryRefusedException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final MemoryRefusal refusal;

  MemoryRefusedException(MemoryRefusal refusal, String sentence) {
    super(sentence);
    this.refusal = refusal;
  }

  /** The kind of reason. */
  public MemoryRefusal refusal() {
    return refusal;
  }
}
