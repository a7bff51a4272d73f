// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import java.lang.foreign.MemorySegment;

/** What can be searched for in memory. Safe for use by several threads. */
public sealed interface BytePattern permits LiteralPattern, RegexPattern {
  /** Maximum length of a match in bytes. */
  int maxBytes();

  /** Receives matches. */
  @FunctionalInterface
  interface Matches {
    /**
     * Takes a match.
     *
     * @param start offset of its first byte
     * @param length its length
     * @return whether to go on
     */
    boolean found(long start, int length);
  }

  /**
   * Finds matches in ascending order of their first bytes.
   *
   * @param memory the memory
   * @param from offset from which on matches may begin
   * @param end offset before which they begin
   * @param limit offset before which they end, at most the memory's size
   * @return whether all were wanted
   */
  boolean find(MemorySegment memory, long from, long end, long limit, Matches matches);
}
