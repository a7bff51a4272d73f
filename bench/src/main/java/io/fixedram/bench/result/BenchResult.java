// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;

/**
 * All of a run.
 *
 * @param host what the figures depend on
 * @param suites what was measured
 * @param targets what is to be true of it
 */
public record BenchResult(HostFacts host, List<SuiteResult> suites, List<Target> targets) {

  /** Holds the targets against what was measured. */
  public static BenchResult of(HostFacts host, List<SuiteResult> suites) {
    return new BenchResult(host, List.copyOf(suites), Targets.of(suites));
  }
}
