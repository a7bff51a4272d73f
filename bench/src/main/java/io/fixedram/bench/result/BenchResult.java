// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;

/**
 * Result of a benchmark.
 *
 * @param host properties of the host
 * @param suites results of the suites
 * @param targets the project's targets with their measured values
 */
public record BenchResult(HostFacts host, List<SuiteResult> suites, List<Target> targets) {

  /** Creates the result, with targets evaluated for the suites. */
  public static BenchResult of(HostFacts host, List<SuiteResult> suites) {
    return new BenchResult(host, List.copyOf(suites), Targets.of(suites));
  }
}
