// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/** The bytes are well formed, but hold something that cannot be carried; the sentence names it. */
public final class UnsupportedSaveException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates a failure with a sentence that names what cannot be carried.
   *
   * @param remedies what can be done about it
   */
  public UnsupportedSaveException(String sentence, Remedy... remedies) {
    super(sentence, remedies);
  }
}
