// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A failure that is told to the user in one sentence: what failed, on which file, block or offset,
 * and what to do. What to do with this library itself is not in the sentence but in the {@link
 * #remedies()}. The base of every exception that this project throws on purpose.
 */
public class FixedRamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String sentence;

  /** An array, since exceptions are serializable. */
  private final Remedy[] remedies;

  /** Creates a failure told by one sentence, with what can be done about it. */
  public FixedRamException(String sentence, Remedy... remedies) {
    super(sentence);
    this.sentence = sentence;
    this.remedies = remedies.clone();
  }

  /** Creates a failure for this reason. */
  public FixedRamException(Reason reason) {
    this(reason.sentence(), reason.remedies().toArray(Remedy[]::new));
  }

  /**
   * Creates a failure told by one sentence, with what caused it.
   *
   * @param remedies what can be done about it, beside the remedies of the cause, which are kept
   */
  public FixedRamException(String sentence, Throwable cause, Remedy... remedies) {
    super(sentence, cause);
    this.sentence = sentence;
    this.remedies =
        Stream.concat(
                Arrays.stream(remedies),
                cause instanceof FixedRamException told
                    ? Arrays.stream(told.remedies)
                    : Stream.empty())
            .distinct()
            .toArray(Remedy[]::new);
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

  /** What can be done about it with this library; alternatives, the best one first. */
  public final List<Remedy> remedies() {
    return List.of(remedies);
  }

  /** Sentence and remedies. */
  public final Reason reason() {
    return new Reason(sentence, remedies());
  }
}
