// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.Guest.Activity;
import io.fixedram.bench.guest.GuestMaker;
import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.result.BenchResult;
import io.fixedram.bench.result.HostFacts;
import io.fixedram.bench.result.SuiteResult;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs the benchmark on this host. Removes all its files except fetched packages. */
public final class Bench {
  private final Venue venue;
  private final List<SuiteResult> results = new ArrayList<>();
  private HostFacts facts;

  private Bench(Venue venue) {
    this.venue = venue;
    this.facts = HostFacts.of(venue.data().path());
  }

  /**
   * Runs the benchmark.
   *
   * @throws FixedRamException if nothing could be measured
   */
  public static BenchResult run(
      BenchSettings settings, BenchListener listener, Cancellation cancellation) {
    List<Qemu> qemus = QemuFinder.find(settings.qemus(), listener, cancellation);
    try (ScratchDirectory work = ScratchDirectory.create("bench");
        ScratchDirectory data = ScratchDirectory.createIn(settings.parent(), "bench")) {
      DiskTool tools = DiskTools.find(settings.mayFetch(), listener, cancellation);
      return new Bench(new Venue(settings, data, work, qemus, tools, listener, cancellation)).run();
    }
  }

  private BenchResult run() {
    BenchSettings settings = venue.settings();
    facts =
        facts
            .with(
                "qemu",
                venue.qemus().isEmpty()
                    ? "none found"
                    : venue.qemus().stream().map(Qemu::name).collect(Collectors.joining(", ")))
            .with("rounds", Integer.toString(settings.rounds()));
    List<Suite> ofGuests =
        settings.suites().stream().filter(suite -> suite != Suite.ENGINE).sorted().toList();
    if (!ofGuests.isEmpty()) {
      together(ofGuests, this::withQemus);
    }
    if (wants(Suite.ENGINE)) {
      attempt(Suite.ENGINE, () -> new EngineSuite(venue).run());
    }
    requireAny();
    return BenchResult.of(facts, results);
  }

  private void requireAny() {
    if (results.stream()
        .flatMap(suite -> suite.rivals().stream())
        .allMatch(rival -> rival.samples().isEmpty())) {
      throw new FixedRamException(
          "nothing could be measured: "
              + results.stream()
                  .flatMap(Bench::reasons)
                  .distinct()
                  .collect(Collectors.joining("; ")));
    }
  }

  private static Stream<String> reasons(SuiteResult suite) {
    return suite.rivals().isEmpty()
        ? suite.notes().stream().map(note -> suite.key() + " was " + note)
        : suite.rivals().stream().flatMap(rival -> rival.failure().stream());
  }

  private void withQemus() {
    BenchSettings settings = venue.settings();
    if (venue.qemus().isEmpty()) {
      throw new FixedRamException("there is no QEMU here; --qemu names one");
    }
    GuestMaker maker =
        settings
            .guest()
            .find(venue.listener()::step, venue.listener()::warning, venue.cancellation());
    BootedGuest.Machine machine = BootedGuest.Machine.of(maker, settings.size(), venue.work());
    facts =
        facts
            .with("guest", machine.guest().description() + " under " + BootedGuest.accelerator())
            .with(
                "guest size",
                settings.size().ramMebibytes()
                    + " MiB RAM, "
                    + settings.size().usedMebibytes()
                    + " MiB filled");
    List<Suite> ofSaves = settings.suites().stream().filter(Suite::needsSaves).sorted().toList();
    if (!ofSaves.isEmpty()) {
      together(ofSaves, () -> withSaves(machine));
    }
    if (wants(Suite.GROWTH)) {
      attempt(Suite.GROWTH, () -> GrowthSuite.run(venue, maker));
    }
  }

  private void withSaves(BootedGuest.Machine machine) {
    List<BootedGuest> running = new ArrayList<>();
    List<SavedGuest> saved = new ArrayList<>();
    try {
      venue
          .qemus()
          .forEach(qemu ->
              orWarn(qemu.name() + " is left out: ", () -> boot(machine, qemu, running, saved)));
      if (saved.isEmpty()) {
        throw new FixedRamException(
            "no QEMU could run the guest and have it saved; it takes QEMU 7.2 or later");
      }
      if (wants(Suite.SAVE)) {
        attempt(Suite.SAVE, () -> new SaveSuite(venue, saved).run());
      }
      if (wants(Suite.RESTORE) || wants(Suite.CONVERT)) {
        // A rival without its file fails when it runs.
        saved.forEach(each ->
            orWarn(
                each.guest().qemu().name() + "'s own saves are missing: ",
                () -> each.saveByQemu(venue)));
      }
    } finally {
      running.forEach(BootedGuest::close);
    }
    if (wants(Suite.RESTORE)) {
      attempt(Suite.RESTORE, () -> new RestoreSuite(venue, saved).run());
    }
    if (wants(Suite.CONVERT)) {
      attempt(Suite.CONVERT, () -> new ConvertSuite(venue, saved.getLast()).run());
    }
    if (wants(Suite.CLONES)) {
      attempt(Suite.CLONES, () -> new ClonesSuite(venue, saved.getLast()).run());
    }
  }

  private void boot(
      BootedGuest.Machine machine, Qemu qemu, List<BootedGuest> running, List<SavedGuest> saved) {
    venue.listener().step("booting the guest of " + qemu.name());
    BootedGuest guest = machine.boot(qemu, Activity.IDLE, venue.cancellation());
    running.add(guest);
    saved.add(SavedGuest.of(venue, guest));
  }

  /** Runs a part; a failure is only a warning, so that other QEMUs are measured. */
  private void orWarn(String consequence, Runnable part) {
    try {
      part.run();
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      venue.cancellation().throwIfCancelled();
      venue.listener().warning(consequence + e.sentence());
    }
  }

  private boolean wants(Suite suite) {
    return venue.settings().suites().contains(suite);
  }

  /** Runs a suite; if it can't begin, this is its result, and other suites go on. */
  private void attempt(Suite suite, Supplier<SuiteResult> run) {
    together(List.of(suite), () -> results.add(run.get()));
  }

  /**
   * Runs a part that several suites need; on failure, those without a result are reported as not
   * run.
   */
  private void together(List<Suite> suites, Runnable part) {
    venue.cancellation().throwIfCancelled();
    try {
      part.run();
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      venue.cancellation().throwIfCancelled();
      suites.stream()
          .filter(suite -> results.stream().noneMatch(each -> each.key().equals(suite.text())))
          .forEach(
              suite -> results.add(SuiteResult.notRun(suite.text(), suite.title(), e.sentence())));
    }
  }
}
