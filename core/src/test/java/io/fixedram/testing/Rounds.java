// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.util.Random;

/**
 * Runs a test again and again with random input. Each round has its own seed, which a failure
 * names; {@code -Dfixedram.seed=SEED -Dfixedram.rounds=1} runs that round again, and {@code
 * -Dfixedram.rounds=N} alone sets how many there are.
 */
public final class Rounds {
  private Rounds() {}

  /** One round of a test. */
  public interface Body {
    /** Runs the round; whatever it throws fails the test. */
    void run(Random random) throws Exception;
  }

  /** Runs a test so many times, unless the property says otherwise. */
  public static void run(int defaultRounds, Body body) {
    int rounds = Integer.getInteger("fixedram.rounds", defaultRounds);
    long first = Long.getLong("fixedram.seed", new Random().nextInt(Integer.MAX_VALUE));
    for (long seed = first; seed < first + rounds; seed++) {
      try {
        body.run(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "round "
                + (seed - first)
                + " failed; -Dfixedram.seed="
                + seed
                + " -Dfixedram.rounds=1 runs it again: "
                + e.getMessage(),
            e);
      }
    }
  }
}
