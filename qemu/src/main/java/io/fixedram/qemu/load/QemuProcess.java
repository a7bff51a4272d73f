// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.os.Threads;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.process.PrivateDirectory;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.qemu.start.StartedQemu;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A QEMU that was started for a restore, waiting for an incoming migration. */
public final class QemuProcess {
  /** QEMU may have to allocate much memory before it listens for QMP. */
  private static final Duration START_TIME = Duration.ofMinutes(5);

  private static final Duration SLOW_START_TIME = Duration.ofSeconds(10);
  private static final Duration END_TIME = Duration.ofSeconds(5);
  private static final Duration KIND_TIME = Duration.ofMillis(200);
  private static final Duration LOOK_TIME = Duration.ofMillis(50);

  private final StartedQemu started;
  private final Process process;
  private final Cancellation cancellation;
  private final Path qmpSocket;

  private QemuProcess(StartedQemu started, Cancellation cancellation, Path qmpSocket) {
    this.started = started;
    this.process = started.process();
    this.cancellation = cancellation;
    this.qmpSocket = qmpSocket;
  }

  /**
   * A command to start.
   *
   * @param words words of the command, without {@code -incoming}
   * @param served whether the guest may be served pages while it runs
   * @param starter starts the command
   */
  public record Command(List<String> words, boolean served, QemuStarter starter) {}

  /**
   * Starts the command with {@code -incoming defer} and a QMP socket added.
   *
   * @param cancellation ends waits during the start and shortens {@link #end}; does not affect
   *     {@link #waitForExit} and {@link #waitForEnd}
   * @throws FixedRamException if the command has an incompatible option or can't be run
   */
  public static QemuProcess start(
      Command command, PrivateDirectory directory, Cancellation cancellation) {
    requireForeground(command.words());
    Path qmpSocket = directory.resolve("qmp.sock");
    List<String> words = incoming(command.words(), qmpSocket);
    try {
      StartedQemu started = command.starter().start(words, command.served());
      return new QemuProcess(started, cancellation, qmpSocket);
    } catch (IOException e) {
      throw new StorageException("cannot start QEMU: " + e.getMessage(), e);
    }
  }

  /**
   * The words of a command with {@code -incoming defer} and a QMP socket added.
   *
   * @throws ObstacleException if the command is empty or has an incompatible option
   */
  public static List<String> incoming(List<String> command, Path qmpSocket) {
    requireNoIncoming(command);
    List<String> words = new ArrayList<>(command);
    // A comma ends a value in QEMU's options; two of them stand for one.
    String path = qmpSocket.toString().replace(",", ",,");
    words.addAll(List.of("-incoming", "defer", "-qmp", "unix:" + path + ",server=on,wait=off"));
    return List.copyOf(words);
  }

  private static void requireNoIncoming(List<String> command) {
    if (command.isEmpty()) {
      throw new ObstacleException(new StartObstacle.NoCommand());
    }
    option(command, "incoming")
        .ifPresent(word -> {
          throw new ObstacleException(new StartObstacle.IncomingGiven(word));
        });
  }

  private static void requireForeground(List<String> command) {
    option(command, "daemonize")
        .ifPresent(word -> {
          throw new ObstacleException(new StartObstacle.Daemonizes(word));
        });
  }

  /** The first word that is an option of QEMU, which takes its options with one dash or two. */
  private static Optional<String> option(List<String> command, String name) {
    return command.stream()
        .filter(word -> word.equals("-" + name) || word.equals("--" + name))
        .findFirst();
  }

  /**
   * Waits until QEMU listens for QMP, and connects.
   *
   * @throws FixedRamException if QEMU ends earlier, with its exit status
   */
  public QmpClient connect(TransferListener listener) {
    try (Cancellation.Registration _ = cancellation.onCancel(this::terminate)) {
      awaitSocket(listener);
      return QmpClient.connect(new Endpoint.Unix(qmpSocket), START_TIME, cancellation);
    } catch (FixedRamException e) {
      cancellation.throwIfCancelled();
      if (waitForEnd(Duration.ofSeconds(1))) {
        throw ended("before it could be talked to");
      }
      throw e;
    }
  }

  private void awaitSocket(TransferListener listener) {
    long start = System.nanoTime();
    boolean told = false;
    while (!listens()) {
      cancellation.throwIfCancelled();
      if (!process.isAlive()) {
        throw ended("before it could be talked to");
      }
      long waitedNanos = System.nanoTime() - start;
      if (waitedNanos > START_TIME.toNanos()) {
        throw new FixedRamException(
            "the command has not opened a QMP socket for "
                + START_TIME.toMinutes()
                + " minutes: does it pass its last arguments on to QEMU?");
      }
      if (!told && waitedNanos > SLOW_START_TIME.toNanos()) {
        told = true;
        listener.warning("QEMU has not opened its QMP socket yet; still waiting");
      }
      Pause.of(Duration.ofMillis(5));
    }
  }

  private boolean listens() {
    try {
      return ListeningSocket.isThere(qmpSocket);
    } catch (StorageException e) {
      throw new FixedRamException(
          "cannot talk to the QEMU that was started, which runs as another user: run this program"
              + " as that user",
          e,
          Remedy.RESTORE_INTO_WAITING_QEMU);
    }
  }

  /** Waits for the end of a QEMU that ends by itself; returns the failure to report. */
  public FixedRamException ended(String when) {
    long until = System.nanoTime() + END_TIME.toNanos();
    while (!waitForEnd(LOOK_TIME)) {
      cancellation.throwIfCancelled();
      if (System.nanoTime() > until) {
        return new FixedRamException("QEMU closed its QMP connection " + when);
      }
    }
    started.whenEnded().run();
    return new FixedRamException(
        "QEMU ended with status " + process.exitValue() + " " + when + outputClause());
  }

  /** QEMU's own output, or where it is, to append to a failure. */
  public String outputClause() {
    return started.outputClause().get();
  }

  /** The process that was started. */
  public Process process() {
    return process;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for QEMU's end with a timeout; returns whether it has ended. */
  public boolean waitForEnd(Duration timeout) {
    try {
      return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
  }

  /**
   * Ends QEMU by SIGTERM, and by SIGKILL if it does not end soon; sooner if the user has cancelled.
   * Returns whether it has ended.
   */
  public boolean end() {
    return end(END_TIME);
  }

  /**
   * Ends QEMU by SIGTERM, and by SIGKILL after a very short time, since a QEMU that waits for a
   * page of its guest can't end by itself. Returns whether it has ended.
   */
  public boolean kill() {
    return end(KIND_TIME);
  }

  private boolean end(Duration kindTime) {
    return Threads.withoutInterrupt(() -> endAll(kindTime));
  }

  private boolean endAll(Duration kindTime) {
    List<ProcessHandle> all = all();
    all.forEach(ProcessHandle::destroy);
    boolean gone = areGone(all, kindTime, KIND_TIME);
    if (!gone) {
      all.forEach(ProcessHandle::destroyForcibly);
      gone = areGone(all, END_TIME, END_TIME);
    }
    if (gone) {
      started.whenEnded().run();
    }
    return gone;
  }

  /** The started process and all its descendants: a script may not pass signals on to QEMU. */
  private List<ProcessHandle> all() {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
  }

  private boolean areGone(List<ProcessHandle> all, Duration timeout, Duration onceCancelled) {
    long beginNanos = System.nanoTime();
    while (all.stream().anyMatch(ProcessHandle::isAlive)) {
      Duration time = cancellation.isCancelled() ? onceCancelled : timeout;
      if (System.nanoTime() - beginNanos > time.toNanos()) {
        return false;
      }
      Pause.of(Duration.ofMillis(5));
    }
    return true;
  }

  /** Asks QEMU to end (SIGTERM). */
  public void terminate() {
    all().forEach(ProcessHandle::destroy);
  }

  /** Id of the process that was started. */
  public long pid() {
    return process.pid();
  }

  /** Waits for QEMU's end; returns its exit status, 128 + n if signal n killed it. */
  public int waitForExit() {
    try {
      int status = process.waitFor();
      started.whenEnded().run();
      return status;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
  }

  private static FixedRamException interrupted(InterruptedException e) {
    return new FixedRamException("interrupted while waiting for QEMU to end", e);
  }
}
