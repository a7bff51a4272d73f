// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.result.Sample;
import io.fixedram.error.FixedRamException;

/** One of those that do the same job. */
interface Rival {
  /** What tables call it. */
  String name();

  /**
   * Does the job once, and leaves all as it was.
   *
   * @throws FixedRamException if it can't
   */
  Sample run();

  /** One made of a name and a job. */
  static Rival of(String name, Job job) {
    return new Named(name, job);
  }

  /** A job that is measured. */
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
