// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.cli.console.Amounts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Evaluates the project's targets for one benchmark. Targets for saves compare durable saves of
 * stopped guests on both sides. A failure of this project is a miss; if a counterpart failed, the
 * target was not measured.
 */
public final class Targets {
  private static final double MAX_PEAK_MIB = 192;
  private static final double MAX_INFO_SECONDS = 0.150;
  private static final String OLD_QEMU = "QEMU 7";
  private static final String NEW_QEMU = "QEMU 10";

  private final List<SuiteResult> suites;

  private Targets(List<SuiteResult> suites) {
    this.suites = suites;
  }

  /** A rival's name and its median. */
  private record Figure(String name, double value) {}

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
        targets.best("save", name -> name.startsWith(OLD_QEMU) && ends(name, Names.SAVE_STOPPED));
    all.add(
        atLeast(
            "save from QEMU 7 no slower than QEMU 10's mapped-ram + multifd + direct-io",
            1,
            targets.best("save", name -> name.startsWith(NEW_QEMU) && ends(name, Names.DIRECT_IO)),
            save));
    all.add(
        atLeast(
            "save from QEMU 7 three times as fast as QEMU 10's plain mapped-ram",
            3,
            targets.best("save", name -> name.startsWith(NEW_QEMU) && ends(name, Names.MAPPED_RAM)),
            save));
    all.add(
        atLeast(
            "save from QEMU 7 at 0.9 of the disk's limit",
            0.9,
            targets.best("save", Targets::isDiskWrite),
            save));
    all.add(
        atLeast(
            "save by the engine at 0.95 of the disk's limit",
            0.95,
            targets.best("engine", Targets::isDiskWrite),
            targets.best("engine", Names.ENGINE::equals)));
    for (String temperature : List.of(Names.WARM, Names.COLD)) {
      all.add(
          atLeast(
              "full restore by the library no slower than QEMU 10's best" + temperature,
              1,
              targets.best("restore", name -> isRestore(name, temperature) && !isOurs(name)),
              targets.best("restore", name -> isRestore(name, temperature) && isOurs(name))));
    }
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
                + " receive",
            MAX_PEAK_MIB,
            targets.highestPeak(),
            Metric.PEAK_MIB));
    return all;
  }

  private static boolean ends(String name, String end) {
    return name.endsWith(end);
  }

  /**
   * Excludes instant, which does not read the mapped memory, and native, which is QEMU's own
   * loader.
   */
  private static boolean isRestore(String name, String temperature) {
    return name.startsWith(NEW_QEMU)
        && ends(name, temperature)
        && !name.contains(Names.RESTORE + "instant")
        && !name.contains(Names.RESTORE + "native");
  }

  private static boolean isDiskWrite(String name) {
    return name.startsWith(Names.DISK_WRITE);
  }

  private static boolean isOurs(String name) {
    return name.contains(Names.RESTORE);
  }

  /** Whether a rival is a process of this project; of restores only those named as commands. */
  private static boolean isProcessOfOurs(String name) {
    return name.contains("fixedram ") && (!isOurs(name) || ends(name, Names.COMMAND));
  }

  private Side best(String suite, Predicate<String> names) {
    return side(suite, names, Comparator.comparingDouble(Figure::value));
  }

  private Side worst(String suite, Predicate<String> names) {
    return side(suite, names, Comparator.comparingDouble(Figure::value).reversed());
  }

  private Side side(String suite, Predicate<String> names, Comparator<Figure> order) {
    List<RivalResult> rivals = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (SuiteResult each : suites) {
      if (each.key().equals(suite)) {
        for (RivalResult rival : each.rivals()) {
          if (names.test(rival.name())) {
            rivals.add(rival);
            each.median(rival.name())
                .ifPresent(value -> figures.add(new Figure(rival.name(), value)));
          }
        }
      }
    }
    return new Side(figures.stream().min(order), failure(rivals.stream()));
  }

  private static Optional<String> failure(Stream<RivalResult> rivals) {
    return rivals
        .flatMap(rival -> rival.failure().map(why -> rival.name() + " failed: " + why).stream())
        .findFirst();
  }

  /** The highest peak memory of this project's processes; only these have the metric. */
  private Side highestPeak() {
    return new Side(
        suites.stream()
            .flatMap(suite -> suite.rivals().stream())
            .flatMap(rival ->
                rival.statistics(Metric.PEAK_MIB).stream()
                    .map(all -> new Figure(rival.name(), all.most())))
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
    double ratio = theirs.value() / own.value();
    String text =
        String.format(
            Locale.ROOT,
            "%.2f (%s: %s; %s: %s)",
            ratio,
            theirs.name(),
            Amounts.seconds(theirs.value()),
            own.name(),
            Amounts.seconds(own.value()));
    return Target.measured(name, new Target.Measured(ratio, ratio / wanted, text, ratio >= wanted));
  }

  private static Target atMost(String name, double most, Side ours, Metric metric) {
    if (ours.failure().isPresent()) {
      return Target.failed(name, ours.failure().get());
    }
    return ours.figure()
        .map(figure ->
            Target.measured(
                name,
                new Target.Measured(
                    figure.value(),
                    most / figure.value(),
                    metric.text(figure.value()) + " (" + figure.name() + ")",
                    figure.value() <= most)))
        .orElseGet(() -> Target.notMeasured(name));
  }
}
