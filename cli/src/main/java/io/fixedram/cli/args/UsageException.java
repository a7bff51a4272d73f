// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

/** Wrong usage of the command line; the message is a sentence for the user. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a sentence that says what is wrong and what to use instead. */
  public UsageException(String sentence) {
    super(sentence);
  }
}
