// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

/** Receives the ranges of a block that differ, in ascending order, each as long as possible. */
@FunctionalInterface
public interface DifferenceSink {
  /**
   * Receives a range.
   *
   * @param block name of the RAM block
   * @param offset offset of its first page in the block, in bytes
   * @param bytes length, whole pages
   */
  void range(String block, PageDifference difference, long offset, long bytes);
}
