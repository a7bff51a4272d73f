// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.host.ChildProcess;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.SuiteResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Measures work on saves without a guest: conversions and info. */
final class ConvertSuite {
  private static final String MAPPED_RAM = "mapped-ram";
  private static final String FIXED_RAM = "fixed-ram";

  private final Venue venue;
  private final SavedGuest saved;
  private final Path fixedRam;
  private final Path large;
  private final Path target;

  ConvertSuite(Venue venue, SavedGuest saved) {
    this.venue = venue;
    this.saved = saved;
    this.fixedRam = venue.file("fixed-ram");
    this.large = venue.file("large");
    this.target = venue.file("converted");
  }

  SuiteResult run() {
    venue.listener().step("convert: preparing files");
    var _ =
        venue
            .fixedram()
            .run("convert", saved.save().toString(), fixedRam.toString(), "--to", FIXED_RAM);
    LargeSave.write(large);
    double pageBytes = (double) saved.pageBytes();
    Rival copy = Rival.of(Names.COPY, this::copy);
    List<Rival> rivals = new ArrayList<>();
    rivals.add(convert(Names.CONVERT + "to fixed-ram", saved.save(), FIXED_RAM, pageBytes));
    rivals.add(convert(Names.CONVERT + "to mapped-ram", fixedRam, MAPPED_RAM, pageBytes));
    rivals.add(copy);
    rivals.add(DiskTool.reading(venue, saved.pageBytes()));
    rivals.add(DiskTool.writing(venue, saved.pageBytes()));
    rivals.add(info("fixedram info", saved.save()));
    venue.settings().analyze().ifPresent(script -> rivals.add(analyze(script)));
    rivals.add(info(Names.INFO_LARGE, large));
    rivals.add(convert("fixedram convert 64 GiB sparse", large, FIXED_RAM, 0));
    List<String> notes = new ArrayList<>();
    notes.add(
        "Files to read were removed from the page cache first; written files are on disk at the end."
            + " The disk is read and written at the same time.");
    notes.add(
        "The time of fixedram convert is the one it reports; that of info is for the whole command.");
    if (venue.settings().analyze().isEmpty()) {
      notes.add("QEMU's analyze-migration.py was not found: --analyze FILE names one.");
    }
    return new SuiteResult(
        Suite.CONVERT.text(),
        Suite.CONVERT.title(),
        List.of(
            Metric.SECONDS, Metric.COMMAND_SECONDS, Metric.PEAK_MIB, Metric.CPU_SECONDS_PER_GIB),
        Optional.of(copy.name()),
        venue.contest(Suite.CONVERT).run(rivals, venue.settings().rounds()),
        notes);
  }

  private void cool(Path file) {
    Disk.cool(file, venue.cancellation());
  }

  private Rival convert(String name, Path source, String format, double pageBytes) {
    return Rival.of(
        name,
        () -> {
          cool(source);
          try {
            FixedRamProgram.Outcome outcome =
                venue
                    .fixedram()
                    .run("convert", source.toString(), target.toString(), "--to", format);
            return outcome.sample(outcome.number("seconds"), pageBytes);
          } finally {
            Disk.remove(target);
          }
        });
  }

  /** Copies without reflink, since a copy that shares blocks would not write anything. */
  private Sample copy() {
    cool(saved.save());
    try {
      ChildProcess.Result result =
          ChildProcess.run(
                  List.of("cp", "--reflink=never", saved.save().toString(), target.toString()),
                  venue.data().path(),
                  venue.cancellation())
              .orThrow("cp");
      long startNanos = System.nanoTime();
      Disk.sync(target);
      return Sample.of(Metric.SECONDS, result.seconds() + (System.nanoTime() - startNanos) / 1e9);
    } finally {
      Disk.remove(target);
    }
  }

  private Rival info(String name, Path file) {
    return Rival.of(
        name,
        () -> {
          cool(file);
          FixedRamProgram.Outcome outcome = venue.fixedram().run("info", file.toString());
          return outcome.sample(outcome.process().seconds(), 0);
        });
  }

  /** QEMU's script reads streams, not the fixed-offset formats. */
  private Rival analyze(Path script) {
    return Rival.of(
        "QEMU's " + script.getFileName() + ", of a stream",
        () -> {
          cool(saved.stream());
          return Sample.of(
              Metric.SECONDS,
              ChildProcess.run(
                      List.of("python3", script.toString(), "-f", saved.stream().toString()),
                      venue.data().path(),
                      venue.cancellation())
                  .orThrow(script.toString())
                  .seconds());
        });
  }
}
