// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.bench.result;

import io.fixedram.cli.console.Amounts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The project's targets, held against one run. Those of a save are of the better of a live and a
 * stopped one, each durable.
 */
public final class Targets {
  private static final double MOST_PEAK_MIB = 192;
  private static final double MOST_INFO_SECONDS = 0.150;
  private static final String OLD_QEMU = "QEMU 7";
  private static final String NEW_QEMU = "QEMU 10";

  private final List<SuiteResult> suites;

  private Targets(List<SuiteResult> suites) {
    this.suites = suites;
  }

  /** A rival's name and its median. */
  private record Figure(String name, double value) {}

  /** All of them. */
  public static List<Target> of(List<SuiteResult> suites) {
    Targets targets = new Targets(suites);
    List<Target> all = new ArrayList<>();
    Optional<Figure> save =
        targets.best("save", name -> name.startsWith(OLD_QEMU) && isFixedramSave(name));
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
              "full restore no slower than QEMU 10's best" + temperature,
              1,
              targets.best("restore", name -> isRestore(name, temperature) && !isOurs(name)),
              targets.best("restore", name -> isRestore(name, temperature) && isOurs(name))));
    }
    all.add(
        atLeast(
            "convert at 0.9 of the disk's limit, the slower of reading and writing",
            0.9,
            targets.slowerOfTheDisk(),
            targets.worst("convert", name -> name.startsWith(Names.CONVERT))));
    all.add(
        atMost(
            "info of a 64 GiB save in 150 ms, Java's start included",
            MOST_INFO_SECONDS,
            targets.best("convert", Names.INFO_LARGE::equals),
            Metric.SECONDS));
    all.add(
        atMost(
            "peak memory of every fixedram process below 192 MiB",
            MOST_PEAK_MIB,
            targets.highestPeak(),
            Metric.PEAK_MIB));
    return all;
  }

  private static boolean ends(String name, String end) {
    return name.endsWith(end);
  }

  private static boolean isFixedramSave(String name) {
    return ends(name, Names.SAVE_LIVE) || ends(name, Names.SAVE_STOPPED);
  }

  /** What instant maps is not read: it is left out. */
  private static boolean isRestore(String name, String temperature) {
    return name.startsWith(NEW_QEMU) && ends(name, temperature) && !name.contains("instant");
  }

  private static boolean isDiskWrite(String name) {
    return name.startsWith(Names.DISK_WRITE);
  }

  private static boolean isOurs(String name) {
    return name.contains(Names.RESTORE);
  }

  private List<Figure> figures(String suite, Predicate<String> names) {
    return suites.stream()
        .filter(each -> each.key().equals(suite))
        .flatMap(each ->
            each.rivals().stream()
                .filter(rival -> names.test(rival.name()))
                .flatMap(rival ->
                    each.median(rival.name()).stream()
                        .map(value -> new Figure(rival.name(), value))))
        .toList();
  }

  private Optional<Figure> best(String suite, Predicate<String> names) {
    return figures(suite, names).stream().min(Comparator.comparingDouble(Figure::value));
  }

  private Optional<Figure> worst(String suite, Predicate<String> names) {
    return figures(suite, names).stream().max(Comparator.comparingDouble(Figure::value));
  }

  private Optional<Figure> slowerOfTheDisk() {
    return worst("convert", name -> isDiskWrite(name) || name.startsWith(Names.DISK_READ));
  }

  private Optional<Figure> highestPeak() {
    return suites.stream()
        .flatMap(suite -> suite.rivals().stream())
        .flatMap(rival ->
            rival.statistics(Metric.PEAK_MIB).stream()
                .map(all -> new Figure(rival.name(), all.most())))
        .max(Comparator.comparingDouble(Figure::value));
  }

  /** The other's time must be at least so many times ours. */
  private static Target atLeast(
      String name, double wanted, Optional<Figure> other, Optional<Figure> ours) {
    if (other.isEmpty() || ours.isEmpty()) {
      return Target.notMeasured(name);
    }
    double ratio = other.get().value() / ours.get().value();
    String text =
        String.format(
            Locale.ROOT,
            "%.2f (%s: %s; %s: %s)",
            ratio,
            other.get().name(),
            Amounts.seconds(other.get().value()),
            ours.get().name(),
            Amounts.seconds(ours.get().value()));
    return new Target(name, Optional.of(new Target.Measured(ratio, text, ratio >= wanted)));
  }

  private static Target atMost(String name, double most, Optional<Figure> figure, Metric metric) {
    return new Target(
        name,
        figure.map(value ->
            new Target.Measured(
                value.value(),
                metric.text(value.value()) + " (" + value.name() + ")",
                value.value() <= most)));
  }
}
