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
 * What is to be measured.
 *
 * @param suites which suites
 * @param rounds how often each rival does its job
 * @param size of the guests
 * @param parent the directory in which files go, in one of their own
 * @param qemus QEMU programs; those found if empty
 * @param guest what runs in them; with the own guest nothing is fetched
 * @param analyze QEMU's scripts/analyze-migration.py, if there is one
 * @param growthTime how long a file is watched as it grows
 * @param clones how many guests start at once
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

  /** Keeps copies. */
  public BenchSettings {
    suites = Set.copyOf(suites);
    qemus = List.copyOf(qemus);
  }

  /** Whether packages that are missing may be fetched. */
  boolean mayFetch() {
    return guest != GuestKind.OWN;
  }
}
