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

/** A QEMU that was started here, with a QMP connection. Killed on close. */
public final class RunningQemu implements AutoCloseable {
  private static final Duration START_TIME = Duration.ofSeconds(60);
  private static final Duration MIGRATION_TIME = Duration.ofMinutes(10);
  private static final int POLL_MILLIS = 1;

  /** How often a QEMU that reports nothing is asked; fixedram's saves ask as often. */
  private static final Duration ASK_TIME = Duration.ofMillis(100);

  /** Without it QEMU does not report how a migration goes on. */
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
   * How a migration of QEMU itself is done.
   *
   * @param capabilities those of mapped-ram and multifd that are on
   * @param directIo whether past the page cache
   * @param maxBandwidth bytes a second, 0 for no limit
   */
  public record MigrationOptions(List<String> capabilities, boolean directIo, long maxBandwidth) {
    /** As fast as it goes. */
    public static MigrationOptions of(boolean directIo, String... capabilities) {
      return new MigrationOptions(List.of(capabilities), directIo, 0);
    }
  }

  /**
   * Starts one.
   *
   * @param words its command line, without this QMP
   * @param socket where its QMP is to be
   * @param log takes what it says
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

  /** A socket's file is there a moment before it listens. */
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
   * Returns if it still runs.
   *
   * @throws FixedRamException with the last that it said, if not
   */
  void throwIfEnded() {
    if (!process.isAlive()) {
      throw new FixedRamException("QEMU ended: " + lastLine(log));
    }
  }

  /** The connection. */
  public QmpClient qmp() {
    return qmp;
  }

  /** Lets the guest run. */
  public void resume() {
    qmp.execute("cont");
  }

  /** Stops the guest; one that a migration left behind must have run before it can be saved. */
  public void stop() {
    qmp.execute("stop");
  }

  /** Whether the guest runs. */
  public boolean isRunning() {
    return qmp.execute("query-status").get("running").flag();
  }

  /** Sets what the next migration goes by, and takes back what an earlier one may have had. */
  public void set(MigrationOptions options) {
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

  /** Has it migrate, and waits until it has; the time that took, in seconds. */
  public double migrate(String uri) {
    long startNanos = System.nanoTime();
    qmp.execute("migrate", Map.of("uri", uri));
    awaitMigrated();
    return (System.nanoTime() - startNanos) / 1e9;
  }

  /**
   * Waits until a migration, out or in, is completed. QEMU is not asked while it works but for once
   * in a while, since each question takes time of the thread that has the migration's lock.
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

  /** Returns when QEMU reports the end of a migration, or it is time to ask. */
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
   * @throws FixedRamException if it came to nothing
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
