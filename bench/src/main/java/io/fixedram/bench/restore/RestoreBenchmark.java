// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.restore;

import io.fixedram.qemu.RestoreVia;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Compares ways to bring a guest back, in turn, several rounds, with the files in the page cache
 * and (where this process may drop it) without:
 *
 * <pre>
 * java --enable-native-access=ALL-UNNAMED -cp 'bench/target/lib/*:bench/target/classes' \
 *     io.fixedram.bench.restore.RestoreBenchmark QEMU DIRECTORY ROUNDS USED-MIB RAM-MIB...
 * </pre>
 */
public final class RestoreBenchmark {
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");
  private static final int LEAST_ARGUMENTS = 5;

  private RestoreBenchmark() {}

  /** Runs it and prints tables of medians. */
  public static void main(String[] args) throws IOException {
    if (args.length < LEAST_ARGUMENTS) {
      System.err.println(
          "usage: RestoreBenchmark QEMU DIRECTORY ROUNDS USED-MIB RAM-MIB..., say"
              + " RestoreBenchmark /usr/bin/qemu-system-x86_64 /var/tmp 5 256 1024 4096");
      return;
    }
    Path qemu = Path.of(args[0]);
    boolean mappedRam = knowsMappedRam(qemu);
    int rounds = Integer.parseInt(args[2]);
    for (int i = LEAST_ARGUMENTS - 1; i < args.length; i++) {
      Path directory = Files.createTempDirectory(Path.of(args[1]), "fixedram-bench-");
      try {
        BenchGuest guest =
            new BenchGuest(qemu, directory, Integer.parseInt(args[i]), Integer.parseInt(args[3]));
        guest.prepare(mappedRam);
        compare(guest, contenders(mappedRam), rounds);
      } finally {
        remove(directory);
      }
    }
  }

  private static boolean knowsMappedRam(Path qemu) throws IOException {
    Process version = new ProcessBuilder(qemu.toString(), "--version").start();
    String text = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return Integer.parseInt(text.replaceFirst("(?s).*?version (\\d+).*", "$1")) >= 9;
  }

  private static List<Contender> contenders(boolean mappedRam) {
    List<Contender> all = new ArrayList<>();
    all.add(new Contender.Fixedram(RestoreVia.LAZY));
    if (mappedRam) {
      all.add(new Contender.Fixedram(RestoreVia.INSTANT));
    }
    all.add(new Contender.Fixedram(RestoreVia.STREAM));
    if (mappedRam) {
      all.add(new Contender.Qemu("QEMU mapped-ram", true, false, false));
      all.add(new Contender.Qemu("QEMU mapped-ram, 2 multifd", true, true, false));
      all.add(new Contender.Qemu("QEMU mapped-ram, 2 multifd, direct-io", true, true, true));
    }
    all.add(new Contender.Qemu("QEMU exec:cat", false, false, false));
    return all;
  }

  private static void compare(BenchGuest guest, List<Contender> contenders, int rounds)
      throws IOException {
    List<Boolean> temperatures =
        Files.isWritable(DROP_CACHES) ? List.of(true, false) : List.of(true);
    for (boolean warm : temperatures) {
      Map<Contender, List<Timing>> timings = new LinkedHashMap<>();
      for (int round = 0; round < rounds; round++) {
        for (Contender each : contenders) {
          if (warm) {
            read(each.file(guest));
          } else {
            Files.writeString(DROP_CACHES, "3");
          }
          timings.computeIfAbsent(each, _ -> new ArrayList<>()).add(each.restore(guest));
        }
      }
      print(guest, warm, timings);
    }
  }

  private static void read(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }

  private static void print(BenchGuest guest, boolean warm, Map<Contender, List<Timing>> timings) {
    System.out.printf(
        "%n%d MiB RAM, %d MiB in use, page cache %s; medians of %d, in milliseconds%n%n",
        guest.ramMebibytes(),
        guest.usedMebibytes(),
        warm ? "warm" : "cold",
        timings.values().iterator().next().size());
    System.out.println("| | running | all there | QEMU's start to the guest's first round |");
    System.out.println("|---|---|---|---|");
    timings.forEach((contender, all) ->
        System.out.printf(
            "| %s | %.0f | %.0f | %.0f |%n",
            contender.name(),
            median(all, Timing::runningSeconds) * 1000,
            median(all, Timing::residentSeconds) * 1000,
            median(all, Timing::roundSeconds) * 1000));
  }

  private static double median(List<Timing> all, ToDoubleFunction<Timing> value) {
    return all.stream()
        .mapToDouble(value)
        .sorted()
        .skip((all.size() - 1) / 2)
        .findFirst()
        .orElseThrow();
  }

  private static void remove(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
