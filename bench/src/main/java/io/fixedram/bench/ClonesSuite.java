// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.SuiteResult;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.restore.RestoreMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Measures many guests started at once from one save: the time until all run, and their memory. */
final class ClonesSuite {
  private static final double MIB = 1 << 20;

  private final Venue venue;
  private final SavedGuest saved;
  private final int clones;

  ClonesSuite(Venue venue, SavedGuest saved) {
    this.venue = venue;
    this.saved = saved;
    this.clones = venue.settings().clones();
  }

  SuiteResult run() {
    Qemu qemu = saved.guest().qemu();
    List<RestoreMode> ways = new ArrayList<>();
    ways.add(qemu.hasFileMigration() ? RestoreMode.INSTANT : RestoreMode.LAZY);
    if (qemu.hasMappedRam()) {
      ways.add(RestoreMode.NATIVE);
    }
    ways.add(RestoreMode.STREAM);
    List<Rival> rivals =
        ways.stream()
            .map(mode -> Rival.of(qemu.name() + Names.RESTORE + mode.text(), () -> start(mode)))
            .toList();
    return new SuiteResult(
        Suite.CLONES.text(),
        clones + " " + Suite.CLONES.title(),
        List.of(Metric.SECONDS, Metric.RUNNING_SECONDS, Metric.PSS_MIB, Metric.ANONYMOUS_MIB),
        Optional.of(rivals.getLast().name()),
        venue.contest(Suite.CLONES).run(rivals, venue.settings().rounds()),
        List.of(
            "time: until all run, the start of QEMU included; running: until the first one does."));
  }

  private Sample start(RestoreMode mode) {
    Disk.warm(saved.save(), venue.cancellation());
    List<RestoredMachine> guests = new ArrayList<>();
    long startNanos = System.nanoTime();
    try {
      double first = start(mode, guests);
      double all = (System.nanoTime() - startNanos) / 1e9;
      GuestMemoryUse use = GuestMemoryUse.ofDescendants();
      return Sample.of(Metric.SECONDS, all)
          .with(Metric.RUNNING_SECONDS, first)
          .with(Metric.PSS_MIB, (double) use.pss() / MIB)
          .with(Metric.ANONYMOUS_MIB, (double) use.anonymous() / MIB);
    } finally {
      guests.forEach(RestoredMachine::close);
    }
  }

  /** Starts all guests; returns the shortest time in seconds from a start until its guest ran. */
  private double start(RestoreMode mode, List<RestoredMachine> guests) {
    List<Future<RestoredMachine>> starting = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(clones)) {
      for (int i = 0; i < clones; i++) {
        int number = i;
        starting.add(
            threads.submit(
                () -> RestoredMachine.start(saved, mode, "clone" + number, venue.cancellation())));
      }
      Optional<FixedRamException> failure = Optional.empty();
      for (Future<RestoredMachine> each : starting) {
        try {
          guests.add(each.get());
        } catch (ExecutionException e) {
          failure =
              Optional.of(
                  e.getCause() instanceof FixedRamException told
                      ? told
                      : new FixedRamException("a clone failed: " + e.getCause(), e));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new CancelledException();
        }
      }
      if (failure.isPresent()) {
        throw failure.get();
      }
    }
    return guests.stream()
        .mapToDouble(guest -> guest.report().downtimeSeconds())
        .min()
        .orElseThrow();
  }
}
