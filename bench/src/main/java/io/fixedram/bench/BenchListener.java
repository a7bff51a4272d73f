// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

/** Listener for the progress of a benchmark. */
public interface BenchListener {
  /** A step has begun. */
  void step(String what);

  /** A problem that does not end the benchmark. */
  void warning(String sentence);
}
