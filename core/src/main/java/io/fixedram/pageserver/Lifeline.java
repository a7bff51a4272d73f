// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.error.FixedRamException;

/** Whoever can stop the guest when it can't be given the memory that it had. */
@FunctionalInterface
public interface Lifeline {
  /**
   * A page cannot be read, though it was tried again. Called once, by the serving thread. When it
   * returns, pages that cannot be read are answered with zeros: CPUs of the guest that wait for
   * them would otherwise never come to a stop.
   */
  void unreadable(FixedRamException reason);
}
