// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.GuestKind;
import io.fixedram.bench.guest.GuestSize;
import io.fixedram.bench.host.ResultFile;
import io.fixedram.bench.result.BenchResult;
import io.fixedram.bench.result.ResultJson;
import io.fixedram.bench.result.ResultText;
import io.fixedram.bench.result.SvgChart;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.StepDisplay;
import io.fixedram.cli.input.FileOperands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code fixedram bench}: compares fixedram with QEMU's own migration and the disk's speed.
 *
 * @param settings settings of the benchmark
 * @param json file for all measurements
 * @param chart file for a chart
 */
record BenchCommand(BenchSettings settings, Optional<Path> json, Optional<Path> chart)
    implements Command {
  private static final int MIN_RAM_MIB = 96;
  private static final int MIN_USED_MIB = 16;
  private static final int QUICK_RAM_MIB = 256;
  private static final int DEFAULT_RAM_MIB = 3072;
  private static final int QUICK_ROUNDS = 2;
  private static final int DEFAULT_ROUNDS = 5;
  private static final int QUICK_CLONES = 2;
  private static final int DEFAULT_CLONES = 8;
  private static final Duration QUICK_GROWTH = Duration.ofSeconds(3);
  private static final Duration DEFAULT_GROWTH = Duration.ofSeconds(30);

  /** RAM that a guest needs for itself. */
  private static final int MIN_FREE_MIB = 48;

  /** RAM that a Linux guest cannot fill, with a margin. */
  private static final int DEFAULT_FREE_MIB = 96;

  private static final String SUITES =
      Arrays.stream(Suite.values()).map(Suite::text).collect(Collectors.joining(","));

  private static final OptionSpec QUICK =
      OptionSpec.flag(
          "quick",
          "run for about two minutes: guests of "
              + QUICK_RAM_MIB
              + " MiB, "
              + QUICK_ROUNDS
              + " rounds, "
              + QUICK_CLONES
              + " clones, and restores only of files that are not in the page cache");
  private static final OptionSpec SUITE =
      OptionSpec.value("suite", "NAME,...", SUITES, "measure only these suites");
  private static final OptionSpec ROUNDS =
      OptionSpec.value(
          "rounds",
          "N",
          Integer.toString(DEFAULT_ROUNDS),
          "number of rounds; in each round the rivals run one after the other");
  private static final OptionSpec RAM =
      OptionSpec.value(
          "ram",
          "MIB",
          Integer.toString(DEFAULT_RAM_MIB),
          "RAM of the guests in MiB; two or three of them run at once");
  private static final OptionSpec USED =
      OptionSpec.value(
          "used", "MIB", "RAM that the guests fill with random content; 3/4 if not given");
  private static final OptionSpec CLONES =
      OptionSpec.value(
          "clones",
          "N",
          Integer.toString(DEFAULT_CLONES),
          "number of guests to start at once from one save");
  private static final OptionSpec GUEST =
      OptionSpec.choice(
          "guest",
          Arrays.stream(GuestKind.values()).map(GuestKind::text).toList(),
          "what runs in the guests: linux is a kernel and busybox of this host, or of packages that"
              + " its apt fetches into the user's cache once; own is fixedram's test guest, for"
              + " which nothing is fetched; auto uses own if linux is not available");
  private static final OptionSpec DIR =
      OptionSpec.value(
          "dir",
          "DIR",
          "/var/tmp",
          "the directory to measure in; a new subdirectory holds the files and is removed at the end");
  private static final OptionSpec QEMU =
      OptionSpec.values(
          "qemu",
          "PATH",
          "a QEMU to measure; may be given many times. If not given: qemu-system-x86_64, those that"
              + " FIXEDRAM_QEMU_7 and FIXEDRAM_QEMU_10 name, and the one in the user's cache, one of"
              + " each version");
  private static final OptionSpec ANALYZE =
      OptionSpec.value(
          "analyze", "FILE", "QEMU's scripts/analyze-migration.py, to compare info with");
  private static final OptionSpec JSON =
      OptionSpec.value("json", "FILE", "also write all measurements to this file, as JSON");
  private static final OptionSpec CHART =
      OptionSpec.value("chart", "FILE", "write a chart to this file, as SVG");

  static final CommandSpec SPEC =
      new CommandSpec(
          "bench",
          "compare with QEMU's own migration and the speed of this disk",
          List.of("[OPTION]..."),
          List.of(
              "Boots guests that fill their memory, and lets fixedram, QEMU itself and tools that"
                  + " measure the disk's limit do the same jobs in turn, for a number of rounds: save,"
                  + " restore,"
                  + " the growth of a file while a guest dirties its memory, convert and info, a save"
                  + " of memory of this process, and many guests from one save. Prints medians,"
                  + " minima, maxima and ratios, and which of the project's targets are met.",
              "fixedram's saves, conversions and info run as processes, whose peak memory and processor"
                  + " time are read from Linux; its restores and the engine run in this process. A job"
                  + " that fails is reported as such, and the rest goes on. Needs about ten times --used"
                  + " of disk space; fio measures the disk's limit, or dd if there is no fio."),
          List.of(),
          false,
          List.of(QUICK, SUITE, ROUNDS, RAM, USED, CLONES, GUEST, DIR, QEMU, ANALYZE, JSON, CHART),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example("Run a short benchmark:", List.of("$ fixedram bench --quick")),
              new Example(
                  "Measure saves on another disk, and keep each measurement:",
                  List.of("$ fixedram bench --suite save --dir /mnt/nvme --json all.json"))));

  /** Creates the command from its arguments. */
  static BenchCommand of(Arguments arguments) {
    boolean quick = arguments.has(QUICK);
    int ram = arguments.number(RAM, MIN_RAM_MIB, quick ? QUICK_RAM_MIB : DEFAULT_RAM_MIB);
    int usual = Math.min(ram - DEFAULT_FREE_MIB, ram / 4 * 3);
    int used = arguments.number(USED, MIN_USED_MIB, Math.max(usual, MIN_USED_MIB));
    if (used > ram - MIN_FREE_MIB) {
      throw new UsageException(
          "--used "
              + used
              + " leaves a guest of "
              + ram
              + " MiB too little: give "
              + (ram - MIN_FREE_MIB)
              + " at most, or more --ram");
    }
    return new BenchCommand(
        new BenchSettings(
            suites(arguments),
            arguments.number(ROUNDS, 1, quick ? QUICK_ROUNDS : DEFAULT_ROUNDS),
            new GuestSize(ram, used),
            FileOperands.path(arguments.choice(DIR), "--dir"),
            arguments.values(QEMU).stream().map(path -> FileOperands.path(path, "--qemu")).toList(),
            GuestKind.valueOf(arguments.choice(GUEST).toUpperCase(Locale.ROOT)),
            file(arguments, ANALYZE),
            quick ? QUICK_GROWTH : DEFAULT_GROWTH,
            arguments.number(CLONES, 1, quick ? QUICK_CLONES : DEFAULT_CLONES),
            quick),
        file(arguments, JSON),
        file(arguments, CHART));
  }

  private static Set<Suite> suites(Arguments arguments) {
    Set<Suite> suites = EnumSet.noneOf(Suite.class);
    for (String name : arguments.choice(SUITE).split(",", -1)) {
      suites.add(
          Suite.parse(name)
              .orElseThrow(() ->
                  new UsageException("--suite takes some of " + SUITES + ", not '" + name + "'")));
    }
    return suites;
  }

  private static Optional<Path> file(Arguments arguments, OptionSpec option) {
    return arguments.value(option).map(text -> FileOperands.file(text, "--" + option.longName()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    List<ResultFile> files = new ArrayList<>();
    try {
      Optional<ResultFile> measurements = json.map(path -> prepare(path, files));
      Optional<ResultFile> picture = chart.map(path -> prepare(path, files));
      BenchResult result = measure(console, cancellation);
      measurements.ifPresent(
          file -> file.write(JsonObject.text(out -> ResultJson.write(out, result)) + "\n"));
      json.ifPresent(path -> console.done(path + " has all measurements"));
      picture.ifPresent(file -> file.write(SvgChart.of(result)));
      chart.ifPresent(path ->
          console.done(
              json.map(other -> other + " and " + path + " are").orElse(path + " is")
                  + " complete"));
      console.result(ResultText.of(result));
      console.json(out -> ResultJson.write(out, result));
      return ExitStatus.DONE;
    } finally {
      files.forEach(ResultFile::close);
    }
  }

  private static ResultFile prepare(Path path, List<ResultFile> files) {
    ResultFile file = ResultFile.prepare(path);
    files.add(file);
    return file;
  }

  private BenchResult measure(Console console, Cancellation cancellation) {
    try (StepDisplay steps = new StepDisplay(console)) {
      return Bench.run(
          settings,
          new BenchListener() {
            @Override
            public void step(String what) {
              steps.show(what);
            }

            @Override
            public void warning(String sentence) {
              console.warning(sentence);
            }
          },
          cancellation);
    }
  }
}
