// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;

/** The memory of a QEMU can't be read or written where it lies; other ways may do. */
public final class MemoryRefusedException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final MemoryRefusal refusal;

  MemoryRefusedException(MemoryRefusal refusal, String sentence) {
    super(sentence);
    this.refusal = refusal;
  }

  private MemoryRefusedException(MemoryRefusedException refused, Remedy remedy) {
    super(refused.sentence(), refused, remedy);
    this.refusal = refused.refusal;
  }

  /** The same for who knows what can be done instead. */
  public MemoryRefusedException with(Remedy remedy) {
    return new MemoryRefusedException(this, remedy);
  }

  /** The kind of reason. */
  public MemoryRefusal refusal() {
    return refusal;
  }
}
