// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A QEMU that was started for the benchmark, with a QMP connection. Killed on close. */
public final class RunningQemu implements AutoCloseable {
  private static final Duration START_TIME = Duration.ofSeconds(60);
  private static final Duration MIGRATION_TIME = Duration.ofMinutes(10);
  private static final int POLL_MILLIS = 1;

  /** Interval of queries if QEMU sends no events, the same as in fixedram's saves. */
  private static final Duration ASK_TIME = Duration.ofMillis(100);

  /** Capability with which QEMU sends events of a migration. */
  private static final String EVENTS = "events";

  private static final List<String> SWITCHED = List.of("mapped-ram", "multifd", EVENTS);
  private static final Set<String> ENDS = Set.of("completed", "failed", "cancelled");

  private final Process process;
  private final Path log;
  private final QmpClient qmp;
  private final Cancellation cancellation;

  private RunningQemu(Process process, Path log, QmpClient qmp, Cancellation cancellation) {
    this.process = process;
    this.log = log;
    this.qmp = qmp;
    this.cancellation = cancellation;
  }

  /**
   * Options of QEMU's own migration.
   *
   * @param capabilities enabled ones of mapped-ram and multifd
   * @param directIo whether to use direct I/O
   * @param maxBandwidth limit in bytes per second, 0 for none
   */
  public record MigrationSetup(List<String> capabilities, boolean directIo, long maxBandwidth) {
    /** Options without a limit of the bandwidth. */
    public static MigrationSetup of(boolean directIo, String... capabilities) {
      return new MigrationSetup(List.of(capabilities), directIo, 0);
    }
  }

  /**
   * Starts a QEMU.
   *
   * @param words its command line, without the QMP socket to add
   * @param socket path of its QMP socket
   * @param log file for its output
   */
  static RunningQemu start(List<String> words, Path socket, Path log, Cancellation cancellation) {
    cancellation.throwIfCancelled();
    List<String> all = new ArrayList<>(words);
    all.addAll(Programs.qmp(socket));
    Process process = process(all, socket, log);
    try (Cancellation.Registration _ = cancellation.onCancel(process::destroyForcibly)) {
      return new RunningQemu(
          process, log, connect(process, socket, log, cancellation), cancellation);
    } catch (RuntimeException e) {
      process.destroyForcibly().onExit().join();
      throw e;
    }
  }

  private static Process process(List<String> words, Path socket, Path log) {
    try {
      Files.deleteIfExists(socket);
      return Launch.of(Programs.aside(words)).withLog(log).start();
    } catch (IOException e) {
      throw new StorageException("cannot remove " + socket + ": " + e.getMessage(), e);
    }
  }

  /** Connects to QEMU; retries, since the socket's file exists before QEMU listens. */
  private static QmpClient connect(
      Process process, Path socket, Path log, Cancellation cancellation) {
    long until = System.nanoTime() + START_TIME.toNanos();
    while (true) {
      try {
        return QmpClient.connect(new Endpoint.Unix(socket), START_TIME, cancellation);
      } catch (FixedRamException e) {
        cancellation.throwIfCancelled();
        if (!process.isAlive()) {
          throw new FixedRamException("QEMU ended at once: " + lastLine(log), e);
        }
        if (System.nanoTime() > until) {
          throw e;
        }
        pause();
      }
    }
  }

  private static String lastLine(Path log) {
    try {
      return Files.readString(log).lines().reduce("it said nothing", (_, next) -> next);
    } catch (IOException e) {
      return "what it said can't be read";
    }
  }

  static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }

  /**
   * Checks that QEMU still runs.
   *
   * @throws FixedRamException if it has ended, with its last message
   */
  void throwIfEnded() {
    if (!process.isAlive()) {
      throw new FixedRamException("QEMU ended: " + lastLine(log));
    }
  }

  /** The QMP connection. */
  public QmpClient qmp() {
    return qmp;
  }

  /** Resumes the guest. */
  public void resume() {
    qmp.execute("cont");
  }

  /** Stops the guest. After a migration it must be resumed before it can be saved again. */
  public void stop() {
    qmp.execute("stop");
  }

  /** Whether the guest runs. */
  public boolean isRunning() {
    return qmp.execute("query-status").get("running").flag();
  }

  /** Sets the options for the next migration, and resets those of earlier ones. */
  public void set(MigrationSetup options) {
    qmp.execute(
        "migrate-set-capabilities",
        Map.of(
            "capabilities",
            known(qmp.execute("query-migrate-capabilities")).stream()
                .map(name ->
                    Map.of(
                        "capability",
                        name,
                        "state",
                        name.equals(EVENTS) || options.capabilities().contains(name)))
                .toList()));
    Map<String, Object> parameters = new HashMap<>();
    parameters.put("max-bandwidth", options.maxBandwidth());
    if (options.capabilities().contains("multifd")) {
      parameters.put("multifd-channels", 2);
    }
    if (qmp.execute("query-migrate-parameters").find("direct-io").isPresent()) {
      parameters.put("direct-io", options.directIo());
    }
    qmp.execute("migrate-set-parameters", parameters);
  }

  private static List<String> known(Json capabilities) {
    return capabilities.items().stream()
        .map(each -> each.get("capability").text())
        .filter(SWITCHED::contains)
        .toList();
  }

  /** Migrates the guest and waits for completion; returns the time in seconds. */
  public double migrate(String uri) {
    long startNanos = System.nanoTime();
    qmp.execute("migrate", Map.of("uri", uri));
    awaitMigrated();
    return (System.nanoTime() - startNanos) / 1e9;
  }

  /**
   * Waits until an outgoing or incoming migration is completed. QEMU is queried only rarely, since
   * each query takes time of the thread that holds the migration's lock.
   */
  public void awaitMigrated() {
    long until = System.nanoTime() + MIGRATION_TIME.toNanos();
    do {
      cancellation.throwIfCancelled();
      if (System.nanoTime() > until) {
        throw new FixedRamException("QEMU's own migration does not end");
      }
      awaitEndReported();
    } while (!isMigrated());
  }

  /** Returns when QEMU reports the end of a migration, or after the query interval. */
  private void awaitEndReported() {
    long until = System.nanoTime() + ASK_TIME.toNanos();
    boolean reported = false;
    while (!reported && System.nanoTime() < until) {
      reported =
          qmp.nextEvent(Duration.ofNanos(Math.max(0, until - System.nanoTime())))
              .filter(RunningQemu::tellsOfAnEnd)
              .isPresent();
    }
  }

  private static boolean tellsOfAnEnd(QmpEvent event) {
    return event.name().equals("MIGRATION")
        && event.data().findText("status").filter(ENDS::contains).isPresent();
  }

  /**
   * Whether a migration is completed.
   *
   * @throws FixedRamException if the migration failed
   */
  public boolean isMigrated() {
    Json state = qmp.execute("query-migrate");
    String status = state.findText("status").orElse("none");
    if (status.equals("failed") || status.equals("cancelled")) {
      throw new FixedRamException(
          "QEMU's own migration "
              + status
              + state.findText("error-desc").map(why -> ": " + why).orElse(""));
    }
    return status.equals("completed");
  }

  @Override
  public void close() {
    qmp.close();
    process.destroyForcibly().onExit().join();
  }
}
