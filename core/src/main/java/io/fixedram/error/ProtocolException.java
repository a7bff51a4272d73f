// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/** The program at the other end of a connection sent something that its protocol does not allow. */
public final class ProtocolException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates a failure with a sentence that names the program and what it sent. */
  public ProtocolException(String sentence) {
    super(sentence);
  }
}
