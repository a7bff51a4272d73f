// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/** The bytes are damaged, incomplete, or not a save or migration stream at all. */
public final class DamagedSaveException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates a failure with a sentence that names the file and the offset. */
  public DamagedSaveException(String sentence) {
    super(sentence);
  }
}
