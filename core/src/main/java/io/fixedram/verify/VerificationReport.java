// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.layout.SaveSeal;
import io.fixedram.seal.DamageList;
import java.util.List;

/**
 * Result of a verification.
 *
 * @param name name of the file
 * @param seal the save's seal
 * @param fileBytes size of the file
 * @param readBytes bytes that were read; the rest is holes
 * @param damage damaged ranges in the order of their file offsets, at most {@value #MAX_RANGES}
 * @param damagedRanges number of all damaged ranges
 * @param damagedBytes bytes of all damaged ranges
 */
public record VerificationReport(
    String name,
    SaveSeal seal,
    long fileBytes,
    long readBytes,
    List<DamagedRange> damage,
    long damagedRanges,
    long damagedBytes) {
  /** Maximum number of ranges that a report lists. */
  public static final int MAX_RANGES = DamageList.MAX_RANGES;

  /** Keeps a copy of the list. */
  public VerificationReport {
    damage = List.copyOf(damage);
  }

  /** Whether every byte is as it was written. */
  public boolean isWhole() {
    return damagedRanges == 0;
  }

  /**
   * Throws if the file is damaged, naming the first damaged range.
   *
   * @throws DamagedSaveException if it is
   */
  public void throwIfDamaged() {
    if (!isWhole()) {
      throw new DamagedSaveException(name, damage.getFirst());
    }
  }
}
