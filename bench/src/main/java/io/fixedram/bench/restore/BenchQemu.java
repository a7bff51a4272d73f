// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A QEMU of a benchmark. Killed on close. */
final class BenchQemu implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Set<String> SWITCHED = Set.of("mapped-ram", "multifd");

  private final Process process;
  private final QmpClient qmp;

  private BenchQemu(Process process, QmpClient qmp) {
    this.process = process;
    this.qmp = qmp;
  }

  /**
   * Starts one.
   *
   * @param command the words of its command line, without QMP
   * @param socket where its QMP is to be
   */
  static BenchQemu start(List<String> command, Path socket) throws IOException {
    Files.deleteIfExists(socket);
    List<String> words = new ArrayList<>(command);
    words.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      return new BenchQemu(process, connect(process, socket));
    } catch (RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** A socket's file is there a moment before it listens. */
  private static QmpClient connect(Process process, Path socket) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return QmpClient.connect(new Endpoint.Unix(socket), PATIENCE);
      } catch (FixedRamException e) {
        if (!process.isAlive() || System.nanoTime() > until) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  QmpClient qmp() {
    return qmp;
  }

  /** Has QEMU migrate, stopped, and waits until it has. */
  void migrate(String uri, String... capabilities) {
    qmp.execute("stop");
    set(capabilities);
    qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", 0));
    qmp.execute("migrate", Map.of("uri", uri));
    awaitCompleted();
    qmp.execute("cont");
  }

  /** Switches capabilities on, and those off that an earlier migration may have had. */
  void set(String... capabilities) {
    List<String> on = List.of(capabilities);
    List<Map<String, Object>> switches =
        qmp.execute("query-migrate-capabilities").items().stream()
            .map(each -> each.get("capability").text())
            .filter(SWITCHED::contains)
            .map(name -> Map.<String, Object>of("capability", name, "state", on.contains(name)))
            .toList();
    qmp.execute("migrate-set-capabilities", Map.of("capabilities", switches));
  }

  void awaitCompleted() {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Json state = qmp.execute("query-migrate");
      String status = state.findText("status").orElse("none");
      if (status.equals("completed")) {
        return;
      }
      if (status.equals("failed") || System.nanoTime() > until) {
        throw new FixedRamException("QEMU's own migration came to nothing: " + state);
      }
      var _ = qmp.nextEvent(Duration.ofMillis(1));
    }
  }

  /** Lets a guest run that was saved stopped, and is therefore loaded stopped. */
  void cont() {
    qmp.execute("cont");
  }

  /** Waits until a guest says that it has been through all of its memory so many times. */
  static void awaitRounds(Path serial, int rounds) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < until) {
      SerialReport report = SerialReport.read(serial);
      if (report.firstBad().isPresent()) {
        throw new FixedRamException("the guest found its memory wrong: " + report);
      }
      if (report.lastGeneration().isPresent()
          && report.lastGeneration().getAsLong() - report.firstGeneration().orElseThrow() + 1
              >= rounds) {
        return;
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new FixedRamException("interrupted", e);
      }
    }
    throw new FixedRamException("the guest said nothing in " + serial);
  }

  @Override
  public void close() {
    qmp.close();
    process.destroyForcibly().onExit().join();
  }
}
