// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.guest.RunningQemu.MigrationSetup;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.SuiteResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Measures saves of idle guests with filled memory, by fixedram and by QEMU itself. */
final class SaveSuite {
  private static final double MIB = 1 << 20;

  private final Venue venue;
  private final List<SavedGuest> guests;
  private final Path target;

  SaveSuite(Venue venue, List<SavedGuest> guests) {
    this.venue = venue;
    this.guests = guests;
    this.target = venue.file("save");
  }

  SuiteResult run() {
    List<Rival> rivals = new ArrayList<>();
    for (SavedGuest each : guests) {
      BootedGuest guest = each.guest();
      String name = guest.qemu().name();
      for (String mode : List.of("memory", "stream")) {
        String saving = name + Names.SAVE + mode;
        rivals.add(fixedram(each, saving, mode, "--then", "resume"));
        rivals.add(fixedram(each, saving + Names.STOPPED, mode, "--stop"));
      }
      rivals.add(qemu(each, name + ", exec:cat", "exec:cat >", true));
      rivals.add(qemu(each, name + ", exec:cat, not synced", "exec:cat >", false));
      rivals.addAll(ofFiles(each));
    }
    long bytes = SavedGuest.mostPageBytes(guests);
    Rival limit = DiskTool.writing(venue, bytes);
    rivals.add(limit);
    return new SuiteResult(
        Suite.SAVE.text(),
        Suite.SAVE.title(),
        List.of(
            Metric.SECONDS,
            Metric.MIB_PER_SECOND,
            Metric.COMMAND_SECONDS,
            Metric.PEAK_MIB,
            Metric.CPU_SECONDS_PER_GIB,
            Metric.DOWNTIME_SECONDS,
            Metric.DOWNTIME_SECONDS_PER_GIB),
        Optional.of(limit.name()),
        venue.contest(Suite.SAVE).run(rivals, venue.settings().rounds()),
        List.of(
            "The time of fixedram is that of the save itself, as reported by the command; the whole"
                + " command includes the start of Java.",
            "The time of QEMU is from migrate to completed, with a sync of the file unless named"
                + " otherwise; fixedram always syncs.",
            "QEMU saves stopped guests, as fixedram does with --stop. Without it, fixedram saves a"
                + " guest that runs and does little, and lets it run on: downtime is how long it was"
                + " stopped."));
  }

  private List<Rival> ofFiles(SavedGuest saved) {
    List<Rival> rivals = new ArrayList<>();
    Qemu qemu = saved.guest().qemu();
    String name = qemu.name();
    if (qemu.hasFileMigration()) {
      rivals.add(qemu(saved, name + ", file:", "file:", true));
    }
    if (qemu.hasMappedRam()) {
      rivals.add(qemu(saved, name + Names.MAPPED_RAM, "file:", true, "mapped-ram"));
      rivals.add(qemu(saved, name + Names.MULTIFD, "file:", true, "mapped-ram", "multifd"));
    }
    if (qemu.hasDirectIo()) {
      rivals.add(
          qemu(
              saved,
              name + Names.DIRECT_IO,
              "file:",
              MigrationSetup.of(true, "mapped-ram", "multifd"),
              true));
    }
    return rivals;
  }

  private Rival fixedram(SavedGuest saved, String name, String mode, String... options) {
    return Rival.of(
        name,
        () -> {
          boolean live = !List.of(options).contains("--stop");
          return whileActive(
              saved.guest(),
              live,
              () -> {
                List<String> words = new ArrayList<>(List.of("save", "--via", mode));
                words.addAll(List.of("--qmp", saved.guest().spareQmp().toString()));
                words.addAll(List.of(options));
                words.add(target.toString());
                FixedRamProgram.Outcome outcome =
                    venue.fixedram().run(words.toArray(String[]::new));
                double pageBytes = outcome.number("page_bytes");
                Sample sample =
                    rated(outcome.sample(outcome.number("seconds"), pageBytes), pageBytes);
                return live ? outcome.withDowntime(sample) : sample;
              });
        });
  }

  private Rival qemu(
      SavedGuest saved, String name, String uri, boolean sync, String... capabilities) {
    return qemu(saved, name, uri, MigrationSetup.of(false, capabilities), sync);
  }

  private Rival qemu(
      SavedGuest saved, String name, String uri, MigrationSetup options, boolean sync) {
    return Rival.of(
        name,
        () ->
            whileActive(
                saved.guest(),
                false,
                () -> {
                  saved.guest().running().set(options);
                  try {
                    long startNanos = System.nanoTime();
                    var _ = saved.guest().running().migrate(uri + target);
                    if (sync) {
                      Disk.sync(target);
                    }
                    double seconds = (System.nanoTime() - startNanos) / 1e9;
                    return rated(Sample.of(Metric.SECONDS, seconds), (double) saved.pageBytes());
                  } finally {
                    saved.guest().running().set(MigrationSetup.of(false));
                  }
                }));
  }

  private static Sample rated(Sample sample, double pageBytes) {
    double seconds = sample.values().getOrDefault(Metric.SECONDS, 1.0);
    return sample.with(Metric.MIB_PER_SECOND, pageBytes / MIB / seconds);
  }

  /** Runs a job, with the guest running if the save is live, and restores the state afterwards. */
  private Sample whileActive(BootedGuest guest, boolean live, Rival.Job job) {
    try {
      if (live) {
        guest.running().resume();
      }
      return job.run();
    } finally {
      guest.rest();
      Disk.remove(target);
    }
  }
}
