// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/**
 * The save is not signed with the key that was given: it has no signature, that of another key, or
 * it was changed since it was signed.
 */
public final class UntrustedSaveException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates a failure with a sentence that names the file. */
  public UntrustedSaveException(String sentence, Remedy... remedies) {
    super(sentence, remedies);
  }
}
