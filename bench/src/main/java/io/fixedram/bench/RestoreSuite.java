// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.guest.RunningQemu;
import io.fixedram.bench.guest.RunningQemu.MigrationSetup;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.RivalResult;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.SuiteResult;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Measures restores into new QEMUs: fixedram's restore modes and QEMU's own migration. */
final class RestoreSuite {
  private static final int SPLIT_FROM_MIB = 3584;
  private static final int LOW_MIB = 3072;
  private static final int HIGH_MIB = 4096;
  private static final Duration READ_TIME = Duration.ofMinutes(10);

  private final Venue venue;
  private final List<SavedGuest> guests;
  private final int rounds;

  RestoreSuite(Venue venue, List<SavedGuest> guests) {
    this.venue = venue;
    this.guests = guests;
    this.rounds = venue.settings().rounds();
  }

  SuiteResult run() {
    List<Rival> rivals = new ArrayList<>();
    for (SavedGuest each : guests) {
      rivals.addAll(ofFixedram(each));
      rivals.addAll(ofQemu(each));
    }
    List<RivalResult> results = new ArrayList<>(venue.contest(Suite.RESTORE).run(rivals, rounds));
    results.addAll(venue.contest(Suite.RESTORE).run(commands(guests.getLast()), 1));
    return new SuiteResult(
        Suite.RESTORE.text(),
        Suite.RESTORE.title(),
        List.of(
            Metric.RESIDENT_SECONDS,
            Metric.RUNNING_SECONDS,
            Metric.PEAK_MIB,
            Metric.CPU_SECONDS_PER_GIB),
        reference(rivals),
        results,
        List.of(
            "Times are from the moment at which QEMU waits for the guest: with the commands that set it"
                + " up, and in fixedram's with its checks, and with memory the time to find QEMU's"
                + " memory. Those of fixedram are for its library in this process, except for one run"
                + " of each command, which shows its peak memory.",
            "resident: all of the guest's memory is present. With instant it is mapped at once,"
                + " and read until then by QEMU's pmemsave into /dev/null.",
            "cold: the page cache was dropped first, or the file removed from it if this user may not"
                + " drop it; warm: the file's data was read into it."));
  }

  /** The rival to compare with: a plain stream in the newest QEMU. */
  private static Optional<String> reference(List<Rival> rivals) {
    return rivals.stream()
        .map(Rival::name)
        .filter(name -> name.contains(", exec:cat"))
        .reduce((_, next) -> next);
  }

  private List<Rival> ofFixedram(SavedGuest saved) {
    List<RestoreMode> ways = new ArrayList<>();
    if (saved.guest().qemu().hasFileMigration()) {
      ways.add(RestoreMode.INSTANT);
    }
    ways.add(RestoreMode.MEMORY);
    ways.add(RestoreMode.LAZY);
    if (saved.guest().qemu().hasMappedRam()) {
      ways.add(RestoreMode.NATIVE);
    }
    ways.add(RestoreMode.STREAM);
    List<Rival> rivals = new ArrayList<>();
    for (RestoreMode mode : ways) {
      rivals.addAll(
          atTemperatures(
              saved.guest().qemu().name() + Names.RESTORE + mode.text(),
              saved.save(),
              () -> restore(saved, mode)));
    }
    return rivals;
  }

  /** Rivals that run the command, for the memory and processor time of its process. */
  private List<Rival> commands(SavedGuest saved) {
    return Stream.of(RestoreMode.MEMORY, RestoreMode.STREAM, RestoreMode.LAZY)
        .map(mode ->
            Rival.of(
                saved.guest().qemu().name() + Names.RESTORE + mode.text() + Names.COMMAND,
                () -> command(saved, mode)))
        .toList();
  }

  private Sample command(SavedGuest saved, RestoreMode mode) {
    BootedGuest.Machine machine = saved.guest().machine();
    try (RunningQemu qemu = machine.awaitingMigration(saved.guest().qemu(), venue.cancellation())) {
      Disk.cool(saved.save(), venue.cancellation());
      FixedRamProgram.Outcome outcome =
          venue
              .fixedram()
              .run(
                  "restore",
                  saved.save().toString(),
                  "--via",
                  mode.text(),
                  "--qmp",
                  machine.incomingQmp().toString());
      requireRunning(qemu.qmp());
      double running = outcome.number("since_waiting_seconds");
      double before = running - outcome.number("running_seconds");
      double resident =
          mode == RestoreMode.LAZY ? before + outcome.number("resident_seconds") : running;
      return outcome
          .sample(outcome.number("seconds"), (double) saved.pageBytes())
          .with(Metric.RESIDENT_SECONDS, resident)
          .with(Metric.RUNNING_SECONDS, running);
    }
  }

  private List<Rival> ofQemu(SavedGuest saved) {
    Qemu qemu = saved.guest().qemu();
    List<Rival> rivals = new ArrayList<>();
    rivals.addAll(
        ofQemu(saved, ", exec:cat", saved.stream(), "exec:cat ", MigrationSetup.of(false)));
    if (qemu.hasMappedRam()) {
      Path file = saved.mappedRam();
      rivals.addAll(
          ofQemu(saved, Names.MAPPED_RAM, file, "file:", MigrationSetup.of(false, "mapped-ram")));
      rivals.addAll(
          ofQemu(
              saved,
              Names.MULTIFD,
              file,
              "file:",
              MigrationSetup.of(false, "mapped-ram", "multifd")));
      if (qemu.hasDirectIo()) {
        rivals.addAll(
            ofQemu(
                saved,
                Names.DIRECT_IO,
                file,
                "file:",
                MigrationSetup.of(true, "mapped-ram", "multifd")));
      }
    }
    return rivals;
  }

  private List<Rival> ofQemu(
      SavedGuest saved, String name, Path file, String uri, MigrationSetup options) {
    return atTemperatures(
        saved.guest().qemu().name() + name, file, () -> load(saved, uri + file, options));
  }

  /** A rival with the file in the page cache, and one without. */
  private List<Rival> atTemperatures(String name, Path file, Rival.Job job) {
    List<Rival> rivals = new ArrayList<>();
    if (!venue.settings().coldOnly()) {
      rivals.add(
          Rival.of(
              name + Names.WARM,
              () -> {
                Disk.warm(file, venue.cancellation());
                return job.run();
              }));
    }
    rivals.add(
        Rival.of(
            name + Names.COLD,
            () -> {
              Disk.coolAll(file, venue.cancellation());
              return job.run();
            }));
    return rivals;
  }

  private Sample restore(SavedGuest saved, RestoreMode mode) {
    try (RestoredMachine restored =
            RestoredMachine.start(saved, mode, "restored", venue.cancellation());
        QmpClient qmp = restored.qmp()) {
      requireRunning(qmp);
      RestoreReport report = restored.report();
      double resident =
          mode == RestoreMode.INSTANT
              ? report.sinceWaitingSeconds() + readAll(qmp, saved.guest().machine().ramMebibytes())
              : residentSeconds(report);
      return Sample.of(Metric.RESIDENT_SECONDS, resident)
          .with(Metric.RUNNING_SECONDS, report.sinceWaitingSeconds());
    }
  }

  /** The time until all pages were there, from the moment at which QEMU waited. */
  private static double residentSeconds(RestoreReport report) {
    double before = report.sinceWaitingSeconds() - report.runningSeconds();
    return report
        .serving()
        .map(serving -> serving.residentSeconds().orElse(report.seconds()) + before)
        .orElse(report.sinceWaitingSeconds());
  }

  /**
   * Lets QEMU read all of the guest's memory; returns the time in seconds. A pc-i440fx machine with
   * 3.5 GiB or more has 3 GiB below the hole for devices and the rest from 4 GiB on; with less, all
   * of it is below.
   */
  private static double readAll(QmpClient qmp, int ramMebibytes) {
    long startNanos = System.nanoTime();
    int low = ramMebibytes < SPLIT_FROM_MIB ? ramMebibytes : LOW_MIB;
    read(qmp, 0, low);
    if (ramMebibytes > low) {
      read(qmp, HIGH_MIB, ramMebibytes - low);
    }
    return (System.nanoTime() - startNanos) / 1e9;
  }

  private static void read(QmpClient qmp, long fromMebibyte, long mebibytes) {
    qmp.execute(
        "pmemsave",
        Map.of("val", fromMebibyte << 20, "size", mebibytes << 20, "filename", "/dev/null"),
        READ_TIME);
  }

  private static void requireRunning(QmpClient qmp) {
    if (!qmp.execute("query-status").get("running").flag()) {
      throw new FixedRamException("the restored guest does not run");
    }
  }

  private Sample load(SavedGuest saved, String uri, MigrationSetup options) {
    try (RunningQemu qemu =
        saved.guest().machine().awaitingMigration(saved.guest().qemu(), venue.cancellation())) {
      long startNanos = System.nanoTime();
      qemu.set(options);
      qemu.qmp().execute("migrate-incoming", Map.of("uri", uri));
      qemu.awaitMigrated();
      double resident = (System.nanoTime() - startNanos) / 1e9;
      qemu.resume();
      double running = (System.nanoTime() - startNanos) / 1e9;
      requireRunning(qemu.qmp());
      return Sample.of(Metric.RESIDENT_SECONDS, resident).with(Metric.RUNNING_SECONDS, running);
    }
  }
}
