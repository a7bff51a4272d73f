// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.cli.console.Amounts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Evaluates the project's targets for one benchmark. Targets for saves compare durable saves of
 * stopped guests on both sides. Times are compared as ratios of the same round; a target is met if
 * both quartiles of the ratios meet it. A failure of this project is a miss; if a counterpart
 * failed, the target was not measured.
 */
public final class Targets {
  private static final double MAX_PEAK_MIB = 192;
  private static final double MAX_INFO_SECONDS = 0.150;
  private static final double MAX_CPU_SECONDS_PER_GIB = 0.35;
  private static final double MAX_DOWNTIME_SECONDS_PER_GIB = 0.15;
  private static final String OLD_QEMU = "QEMU 7";
  private static final String NEW_QEMU = "QEMU 10";
  private static final Comparator<Figure> LEAST_FIRST = Comparator.comparingDouble(Figure::value);
  private static final Comparator<Figure> MOST_FIRST = LEAST_FIRST.reversed();

  private final List<SuiteResult> suites;

  private Targets(List<SuiteResult> suites) {
    this.suites = suites;
  }

  /** A suite, and what its guest does. */
  private record Suite(String key, String guest) {}

  /**
   * A rival's name and its measurements, in the order of the rounds.
   *
   * @param value the median, or what else is compared
   */
  private record Figure(String name, double value, List<Double> rounds) {}

  /**
   * One side of a comparison.
   *
   * @param figure the figure that is compared
   * @param failure the first failure of its rivals
   */
  private record Side(Optional<Figure> figure, Optional<String> failure) {}

  /** All targets with their results. */
  public static List<Target> of(List<SuiteResult> suites) {
    Targets targets = new Targets(suites);
    List<Target> all = new ArrayList<>();
    Side save =
        targets.best(
            "save", name -> name.startsWith(OLD_QEMU) && name.endsWith(Names.SAVE_MEMORY_STOPPED));
    all.add(
        atLeast(
            "save from QEMU 7 no slower than QEMU 10's mapped-ram + multifd + direct-io",
            1,
            targets.best(
                "save", name -> name.startsWith(NEW_QEMU) && name.endsWith(Names.DIRECT_IO)),
            save));
    all.add(
        atLeast(
            "save from QEMU 7 at 0.95 of the disk's limit",
            0.95,
            targets.best("save", Targets::isDiskWrite),
            save));
    all.add(
        atMost(
            "save from QEMU 7 with 0.35 s of processor time a GiB, Java's start included",
            MAX_CPU_SECONDS_PER_GIB,
            targets.worst(
                "save",
                Metric.CPU_SECONDS_PER_GIB,
                name -> name.startsWith(OLD_QEMU) && name.endsWith(Names.SAVE_MEMORY_STOPPED)),
            Metric.CPU_SECONDS_PER_GIB));
    for (Suite each : List.of(new Suite("save", "idle"), new Suite("growth", "busy"))) {
      all.add(
          atMost(
              "live save of a guest that is " + each.guest() + ": stopped for 0.15 s a GiB",
              MAX_DOWNTIME_SECONDS_PER_GIB,
              targets.worst(
                  each.key(),
                  Metric.DOWNTIME_SECONDS_PER_GIB,
                  name -> name.endsWith(Names.SAVE_MEMORY)),
              Metric.DOWNTIME_SECONDS_PER_GIB));
    }
    all.add(
        atLeast(
            "save by the engine at 0.95 of the disk's limit",
            0.95,
            targets.best("engine", Targets::isDiskWrite),
            targets.best("engine", Names.ENGINE::equals)));
    all.add(targets.restore("full restore in 0.8 of the time of QEMU 10's best", 0.8, Names.WARM));
    all.add(targets.restore("full restore no slower than QEMU 10's best", 1, Names.COLD));
    Side convert = targets.worst("convert", name -> name.startsWith(Names.CONVERT));
    all.add(
        atLeast(
            "convert at 0.9 of the disk's limit, which is the slower of reading alone and writing"
                + " alone",
            0.9,
            targets.worst("convert", name -> isDiskWrite(name) || name.startsWith(Names.DISK_READ)),
            convert));
    all.add(
        atLeast(
            "convert at 0.9 of cp and sync, which read and write the same disk at once too",
            0.9,
            targets.best("convert", Names.COPY::equals),
            convert));
    all.add(
        atMost(
            "info of a 64 GiB save in 150 ms, Java's start included",
            MAX_INFO_SECONDS,
            targets.best("convert", Names.INFO_LARGE::equals),
            Metric.SECONDS));
    all.add(
        atMost(
            "peak memory of every fixedram process below 192 MiB: save, restore, convert, info,"
                + " receive; but live saves in place, which copy pages to free memory",
            MAX_PEAK_MIB,
            targets.highestPeak(),
            Metric.PEAK_MIB));
    return all;
  }

  /**
   * Compares the slowest restore in place, of all QEMUs, with the fastest one by QEMU 10 itself.
   */
  private Target restore(String name, double share, String temperature) {
    return atLeast(
        name + temperature,
        1 / share,
        best(
            "restore",
            each -> each.startsWith(NEW_QEMU) && each.endsWith(temperature) && !isOurs(each)),
        worst("restore", each -> each.endsWith(Names.RESTORE + "memory" + temperature)));
  }

  private static boolean isDiskWrite(String name) {
    return name.startsWith(Names.DISK_WRITE);
  }

  private static boolean isOurs(String name) {
    return name.contains(Names.RESTORE);
  }

  /** Whether a rival is a process of this project; of restores only those named as commands. */
  private static boolean isProcessOfOurs(String name) {
    return name.contains("fixedram ") && (!isOurs(name) || name.endsWith(Names.COMMAND));
  }

  private Side best(String suite, Predicate<String> names) {
    return side(suite, Optional.empty(), names, LEAST_FIRST);
  }

  private Side worst(String suite, Predicate<String> names) {
    return side(suite, Optional.empty(), names, MOST_FIRST);
  }

  private Side worst(String suite, Metric metric, Predicate<String> names) {
    return side(suite, Optional.of(metric), names, MOST_FIRST);
  }

  /**
   * The first one of some rivals.
   *
   * @param metric the metric to compare; the suite's first one if empty
   */
  private Side side(
      String suite, Optional<Metric> metric, Predicate<String> names, Comparator<Figure> order) {
    List<RivalResult> rivals = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (SuiteResult each : suites) {
      if (each.key().equals(suite)) {
        for (RivalResult rival : each.rivals()) {
          if (names.test(rival.name())) {
            rivals.add(rival);
            figure(rival, metric.orElse(each.metric())).ifPresent(figures::add);
          }
        }
      }
    }
    return new Side(figures.stream().min(order), failure(rivals.stream()));
  }

  private static Optional<Figure> figure(RivalResult rival, Metric metric) {
    return rival
        .statistics(metric)
        .map(all -> new Figure(rival.name(), all.median(), rival.values(metric)));
  }

  private static Optional<String> failure(Stream<RivalResult> rivals) {
    return rivals
        .flatMap(rival -> rival.failure().map(why -> rival.name() + " failed: " + why).stream())
        .findFirst();
  }

  /**
   * The highest peak memory of this project's processes, which alone have the metric; without live
   * saves in place, which use free memory for copies.
   */
  private Side highestPeak() {
    return new Side(
        suites.stream()
            .flatMap(suite -> suite.rivals().stream())
            .filter(rival -> !rival.name().endsWith(Names.SAVE_MEMORY))
            .flatMap(rival ->
                rival.statistics(Metric.PEAK_MIB).stream()
                    .map(all -> new Figure(rival.name(), all.max(), List.of(all.max()))))
            .max(Comparator.comparingDouble(Figure::value)),
        failure(
            suites.stream()
                .filter(suite -> suite.metrics().contains(Metric.PEAK_MIB))
                .flatMap(suite -> suite.rivals().stream())
                .filter(rival -> isProcessOfOurs(rival.name()))));
  }

  /** The other side's time must be at least {@code wanted} times that of this project. */
  private static Target atLeast(String name, double wanted, Side other, Side ours) {
    if (ours.failure().isPresent()) {
      return Target.failed(name, ours.failure().get());
    }
    if (other.failure().isPresent() || other.figure().isEmpty() || ours.figure().isEmpty()) {
      return Target.notMeasured(name);
    }
    Figure theirs = other.figure().get();
    Figure own = ours.figure().get();
    Statistics ratios = ratios(theirs.rounds(), own.rounds());
    String text =
        String.format(
            Locale.ROOT,
            "%.2f, quartiles %.2f to %.2f (%s: %s; %s: %s)",
            ratios.median(),
            ratios.lower(),
            ratios.upper(),
            theirs.name(),
            Amounts.seconds(theirs.value()),
            own.name(),
            Amounts.seconds(own.value()));
    return Target.measured(
        name,
        new Target.Measured(
            ratios.median(),
            ratios.median() / wanted,
            text,
            Target.Verdict.atLeast(wanted, ratios.lower(), ratios.upper())));
  }

  /** Ratios of the measurements of the same rounds, since a round shares the host's state. */
  private static Statistics ratios(List<Double> theirs, List<Double> own) {
    return Statistics.of(
        IntStream.range(0, Math.min(theirs.size(), own.size()))
            .mapToObj(round -> theirs.get(round) / own.get(round))
            .toList());
  }

  private static Target atMost(String name, double max, Side ours, Metric metric) {
    if (ours.failure().isPresent()) {
      return Target.failed(name, ours.failure().get());
    }
    return ours.figure()
        .map(figure -> {
          Statistics all = Statistics.of(figure.rounds());
          return Target.measured(
              name,
              new Target.Measured(
                  figure.value(),
                  max / figure.value(),
                  metric.text(figure.value()) + " (" + figure.name() + ")",
                  Target.Verdict.atLeast(-max, -all.upper(), -all.lower())));
        })
        .orElseGet(() -> Target.notMeasured(name));
  }
}
