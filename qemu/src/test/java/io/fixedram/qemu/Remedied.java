// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import org.assertj.core.api.ThrowingConsumer;

/** Looks at what failures say can be done about them. */
final class Remedied {
  private Remedied() {}

  /** Passes for a failure that offers these remedies and no others, the best one first. */
  static ThrowingConsumer<Throwable> by(Remedy... remedies) {
    return failure ->
        assertThat(((FixedRamException) failure).remedies()).containsExactly(remedies);
  }
}
