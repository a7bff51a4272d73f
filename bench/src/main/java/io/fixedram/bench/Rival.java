// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.result.Sample;
import io.fixedram.error.FixedRamException;

/** One of several competitors that do the same job. */
interface Rival {
  /** Name of the rival in tables. */
  String name();

  /**
   * Does the job once and restores the state before it.
   *
   * @throws FixedRamException if the job fails
   */
  Sample run();

  /** A rival with a name and a job. */
  static Rival of(String name, Job job) {
    return new Named(name, job);
  }

  /** A job to measure. */
  interface Job {
    Sample run();
  }

  /** A job with a name. */
  record Named(String name, Job job) implements Rival {
    @Override
    public Sample run() {
      return job.run();
    }
  }
}
