// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.util.List;

/** A reader of bytes from outside, as a function of one input. */
interface FuzzTarget {
  /** Name of the target, also of its directory of stored inputs. */
  String name();

  /**
   * Reads an input.
   *
   * @throws io.fixedram.error.FixedRamException if the reader refuses the input, which is right
   * @throws AssertionError if the reader accepted the input but contradicts itself
   */
  void read(byte[] input) throws Exception;

  /** Inputs to begin with, made by the project's own writers. */
  List<byte[]> seeds() throws Exception;
}
