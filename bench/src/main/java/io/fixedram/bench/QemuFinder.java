// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.host.CacheDirectory;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Finds the QEMUs to measure: the given ones, or those of the host; one of each version. */
final class QemuFinder {
  private QemuFinder() {}

  /** The QEMUs, oldest first; empty if there is none. */
  static List<Qemu> find(List<Path> named, BenchListener listener, Cancellation cancellation) {
    Map<String, Qemu> byName = new TreeMap<>();
    if (named.isEmpty()) {
      for (Path program : candidates().toList()) {
        try {
          Qemu qemu = Qemu.of(program, cancellation);
          byName.putIfAbsent(qemu.name(), qemu);
        } catch (CancelledException e) {
          throw e;
        } catch (FixedRamException e) {
          listener.warning(program + " is left out: " + e.sentence());
        }
      }
    } else {
      for (Path program : named) {
        Qemu qemu = Qemu.of(program, cancellation);
        byName.putIfAbsent(qemu.name(), qemu);
      }
    }
    return byName.values().stream()
        .sorted(
            Comparator.comparingInt((Qemu qemu) -> qemu.version().major())
                .thenComparingInt(qemu -> qemu.version().minor())
                .thenComparingInt(qemu -> qemu.version().micro()))
        .toList();
  }

  private static Stream<Path> candidates() {
    return Stream.of(
            Programs.find(Programs.QEMU),
            variable("FIXEDRAM_QEMU_7"),
            variable("FIXEDRAM_QEMU_10"),
            Optional.of(CacheDirectory.path().resolve("qemu-10").resolve(Programs.QEMU)))
        .flatMap(Optional::stream)
        .filter(Files::isExecutable)
        .distinct();
  }

  private static Optional<Path> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(text -> !text.isEmpty()).map(Path::of);
  }
}
