// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.nio.file.Path;

/** Makes guests of one kind, of any size. */
public interface GuestMaker {
  /**
   * Makes one.
   *
   * @param file takes what it boots from
   */
  Guest make(Path file, GuestSize size);
}
