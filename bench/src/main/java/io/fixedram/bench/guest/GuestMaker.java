// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.nio.file.Path;

/** Makes guests of one kind, of any size. */
public interface GuestMaker {
  /**
   * Makes a guest.
   *
   * @param file the file to write, from which the guest boots
   */
  Guest make(Path file, GuestSize size);
}
