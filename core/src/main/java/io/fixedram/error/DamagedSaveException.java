// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.Optional;

/** The bytes are damaged, incomplete, or not a save or migration stream at all. */
public final class DamagedSaveException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Not kept by serialization, as it is in the sentence. */
  @SuppressWarnings("serial")
  private final transient Optional<DamagedRange> range;

  /** Creates a failure with a sentence that names the file and the offset. */
  public DamagedSaveException(String sentence) {
    super(sentence);
    range = Optional.empty();
  }

  /**
   * Creates a failure for a range that is not as it was written.
   *
   * @param name name of the file
   */
  public DamagedSaveException(String name, DamagedRange range) {
    super(
        name
            + " is damaged: "
            + range.text()
            + " is not as it was written; take another copy of the file");
    this.range = Optional.of(range);
  }

  /** The damaged range; empty if the failure is of another kind. */
  public Optional<DamagedRange> range() {
    return range;
  }
}
