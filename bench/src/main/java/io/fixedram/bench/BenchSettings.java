// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.GuestKind;
import io.fixedram.bench.guest.GuestSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Settings of a benchmark.
 *
 * @param suites the suites to run
 * @param rounds number of rounds
 * @param size size of the guests
 * @param parent the directory to measure in, in a new subdirectory
 * @param qemus the QEMU programs; empty to search for them
 * @param guest kind of the guests; with the own guest nothing is fetched
 * @param analyze QEMU's scripts/analyze-migration.py, if given
 * @param growthTime how long a growing file is watched
 * @param clones number of guests to start at once
 * @param coldOnly whether files are restored only when they are not in the page cache
 */
public record BenchSettings(
    Set<Suite> suites,
    int rounds,
    GuestSize size,
    Path parent,
    List<Path> qemus,
    GuestKind guest,
    Optional<Path> analyze,
    Duration growthTime,
    int clones,
    boolean coldOnly) {

  /** Copies the collections. */
  public BenchSettings {
    suites = Set.copyOf(suites);
    qemus = List.copyOf(qemus);
  }

  /** Whether missing packages may be fetched. */
  boolean mayFetch() {
    return guest != GuestKind.OWN;
  }
}
