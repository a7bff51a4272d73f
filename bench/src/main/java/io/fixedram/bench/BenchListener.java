// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

/** Is told how a benchmark goes on. */
public interface BenchListener {
  /** It is at this now. */
  void step(String what);

  /** Something that the user should know though it goes on. */
  void warning(String sentence);
}
