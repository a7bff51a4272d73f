// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import io.fixedram.error.FixedRamException;

/** Thrown for an address of the guest at which there is no memory in the save. */
public final class NoMemoryException extends FixedRamException {
  private static final long serialVersionUID = 1;

  private final long address;

  /**
   * Creates an exception.
   *
   * @param address the address
   */
  public NoMemoryException(String sentence, long address) {
    super(sentence);
    this.address = address;
  }

  /** The first address without memory. */
  public long address() {
    return address;
  }
}
