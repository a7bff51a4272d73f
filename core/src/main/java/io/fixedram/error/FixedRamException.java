// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A failure with one sentence for the user: what failed, on which file, block or offset, and what
 * to do. What can be done with this library itself is not in the sentence but in {@link
 * #remedies()}. Base class of all exceptions that this project throws deliberately.
 */
public class FixedRamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A longer sentence quotes input that nobody could read; the rest is left out. */
  private static final int MAX_SENTENCE_CHARS = 8192;

  private final String sentence;

  /** An array, since exceptions are serializable. */
  private final Remedy[] remedies;

  /** Creates a failure with its sentence and remedies. */
  public FixedRamException(String sentence, Remedy... remedies) {
    super(clipped(sentence));
    this.sentence = clipped(sentence);
    this.remedies = remedies.clone();
  }

  /** Creates a failure from a reason. */
  public FixedRamException(Reason reason) {
    this(reason.sentence(), reason.remedies().toArray(Remedy[]::new));
  }

  /**
   * Creates a failure with its sentence and cause.
   *
   * @param remedies remedies in addition to those of the cause, which are kept
   */
  public FixedRamException(String sentence, Throwable cause, Remedy... remedies) {
    super(clipped(sentence), cause);
    this.sentence = clipped(sentence);
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
   * Converts any failure to a {@link FixedRamException}.
   *
   * @param what what failed, used if the failure has no sentence
   * @return the failure itself if it is a {@link FixedRamException}
   */
  public static FixedRamException of(String what, Throwable failure) {
    return failure instanceof FixedRamException told
        ? told
        : new FixedRamException(what + ": " + failure, failure);
  }

  private static String clipped(String sentence) {
    return sentence.length() <= MAX_SENTENCE_CHARS
        ? sentence
        : sentence.substring(0, MAX_SENTENCE_CHARS) + " ...";
  }

  /** The sentence for the user. */
  public final String sentence() {
    return sentence;
  }

  /** Ways to avoid the failure with this library: alternatives, the best first. */
  public final List<Remedy> remedies() {
    return List.of(remedies);
  }

  /** Sentence and remedies as one value. */
  public final Reason reason() {
    return new Reason(sentence, remedies());
  }
}
