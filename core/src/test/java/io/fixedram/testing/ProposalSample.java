// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.nio.file.Path;

/**
 * A file that the 2022 proposal's own logic wrote. It holds firmware, and so is not part of this
 * project; the environment names it.
 */
public final class ProposalSample {
  /** The variable that names it. */
  public static final String VARIABLE = "FIXEDRAM_PROPOSAL_SAMPLE";

  /** Why its tests are skipped. */
  public static final String MISSING = "no file of the 2022 proposal is named by " + VARIABLE;

  private ProposalSample() {}

  /** Its path, where the variable is set. */
  public static Path path() {
    return Path.of(System.getenv().getOrDefault(VARIABLE, ""));
  }
}
