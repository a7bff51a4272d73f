// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

/** The command line asks for something that does not exist or cannot be; told in one sentence. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a sentence that says what is wrong and what to write instead. */
  public UsageException(String sentence) {
    super(sentence);
  }
}
