// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/**
 * A failure that is told to the user in one sentence: what failed, on which file, block or offset,
 * and what to do. The base of every exception that this project throws on purpose.
 */
public class FixedRamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String sentence;

  /** Creates a failure told by one sentence. */
  public FixedRamException(String sentence) {
    super(sentence);
    this.sentence = sentence;
  }

  /** Creates a failure told by one sentence, with what caused it. */
  public FixedRamException(String sentence, Throwable cause) {
    super(sentence, cause);
    this.sentence = sentence;
  }

  /**
   * Any failure as one that is told to the user.
   *
   * @param what what failed, for a failure that does not tell it itself
   * @return the failure, if it is told by a sentence already
   */
  public static FixedRamException of(String what, Throwable failure) {
    return failure instanceof FixedRamException told
        ? told
        : new FixedRamException(what + ": " + failure, failure);
  }

  /** What the user is told. */
  public final String sentence() {
    return sentence;
  }
}
