// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.TerminalMode;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A QEMU that was started here, waiting for an incoming migration. Terminal, standard input, output
 * and errors are its own as if the user had started it.
 */
public final class QemuProcess {
  /** QEMU may have to reserve much memory before it listens for QMP. */
  private static final Duration START_TIME = Duration.ofMinutes(5);

  private static final Duration SLOW_START_TIME = Duration.ofSeconds(10);
  private static final Duration END_TIME = Duration.ofSeconds(5);
  private static final Duration KIND_TIME = Duration.ofMillis(200);
  private static final Duration LOOK_TIME = Duration.ofMillis(50);

  private final Process process;
  private final Cancellation cancellation;
  private final Terminal terminal;
  private final Path qmpSocket;
  private final StandardStreams streams;

  /** That from before QEMU, which changes it for a console and can't change it back if killed. */
  private final Optional<TerminalMode> terminalMode;

  private QemuProcess(
      Process process,
      Cancellation cancellation,
      Terminal terminal,
      Path qmpSocket,
      StandardStreams streams,
      Optional<TerminalMode> terminalMode) {
    this.process = process;
    this.cancellation = cancellation;
    this.terminal = terminal;
    this.qmpSocket = qmpSocket;
    this.streams = streams;
    this.terminalMode = terminalMode;
  }

  /** What a QEMU takes of what a terminal sends to all its programs, Ctrl-C and its end. */
  public enum Terminal {
    /** All of it, as we do. */
    HEARD,
    /** Nothing: the signals are blocked in it for as long as it lives. */
    BLOCKED,
    /** Nothing: it is in a session of its own. */
    LEFT
  }

  /**
   * Starts the command with {@code -incoming defer} and a QMP socket added.
   *
   * @param cancellation ends the waits for it while it starts, and hurries its end; not those of
   *     {@link #waitForExit} and {@link #waitForEnd}
   * @throws FixedRamException if the command has a word that cannot go with that, or can't be run
   */
  public static QemuProcess start(
      QemuStart start, PrivateDirectory directory, Cancellation cancellation) {
    List<String> command = start.command();
    boolean detach = start.detach();
    refuseWhatCannotBeAddedTo(command);
    Path qmpSocket = directory.resolve("qmp.sock");
    List<String> words = new ArrayList<>();
    Terminal terminal = Terminal.HEARD;
    if (detach) {
      Optional<Path> setsid = findSetsid();
      setsid.ifPresent(program -> words.add(program.toString()));
      terminal = setsid.isPresent() ? Terminal.LEFT : terminal;
    } else if (start.shielded()) {
      words.addAll(SignalShield.before(command));
      terminal = words.isEmpty() ? terminal : Terminal.BLOCKED;
    }
    if (start.outputAside()) {
      words.addAll(StandardStreams.outputAside(detach));
    }
    words.addAll(command);
    // A comma ends a value in QEMU's options; two of them stand for one.
    String path = qmpSocket.toString().replace(",", ",,");
    words.addAll(List.of("-incoming", "defer", "-qmp", "unix:" + path + ",server=on,wait=off"));
    StandardStreams streams =
        detach ? StandardStreams.detached(directory) : StandardStreams.inherited();
    ProcessBuilder builder = new ProcessBuilder(words);
    streams.applyTo(builder);
    Optional<TerminalMode> mode = detach ? Optional.empty() : TerminalMode.ofStandardInput();
    try {
      return new QemuProcess(builder.start(), cancellation, terminal, qmpSocket, streams, mode);
    } catch (IOException e) {
      throw new StorageException("cannot start QEMU: " + e.getMessage(), e);
    }
  }

  private static void refuseWhatCannotBeAddedTo(List<String> command) {
    if (command.isEmpty()) {
      throw new FixedRamException("give the QEMU command to restore into, after --");
    }
    for (String word : command) {
      // QEMU takes its options with one dash or two.
      if (word.matches("--?incoming")) {
        throw new FixedRamException(
            "the QEMU command has " + word + " already: leave it out, restore adds its own");
      }
      if (word.matches("--?daemonize")) {
        throw new FixedRamException(
            "the QEMU command has " + word + ": leave it out, and give restore --detach instead");
      }
    }
  }

  private static Optional<Path> findSetsid() {
    return Stream.of(Path.of("/usr/bin/setsid"), Path.of("/bin/setsid"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Whether Ctrl-C reaches it. */
  public Terminal terminal() {
    return terminal;
  }

  /**
   * Waits until QEMU listens for QMP, and connects.
   *
   * @throws FixedRamException if QEMU ends before, with its exit status
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

  /** A socket's file is there a moment before it listens. */
  private boolean listens() {
    if (!Files.exists(qmpSocket)) {
      return false;
    }
    try (UnixSocket _ = UnixSocket.connect(qmpSocket)) {
      return true;
    } catch (StorageException e) {
      if (e.errno() == Errno.EACCES.number()) {
        throw new FixedRamException(
            "cannot talk to the QEMU that was started, which runs as another user: run fixedram as"
                + " that user, or start QEMU yourself and give its QMP socket with --qmp",
            e);
      }
      return false;
    }
  }

  /** The failure of a QEMU that has ended by itself, which waits for it to have done so. */
  public FixedRamException ended(String when) {
    long until = System.nanoTime() + END_TIME.toNanos();
    while (!waitForEnd(LOOK_TIME)) {
      cancellation.throwIfCancelled();
      if (System.nanoTime() > until) {
        return new FixedRamException("QEMU closed its QMP connection " + when);
      }
    }
    terminalMode.ifPresent(TerminalMode::restore);
    return new FixedRamException(
        "QEMU ended with status " + process.exitValue() + " " + when + lastWords());
  }

  /** What QEMU has said, to follow a failure, or where that is. */
  public String lastWords() {
    String message = streams.hiddenMessages();
    return message.isEmpty() ? "; its own message is above" : ": " + message;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for QEMU's end for a while; whether it has come. */
  public boolean waitForEnd(Duration patience) {
    try {
      return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while waiting for QEMU to end", e);
    }
  }

  /**
   * Ends QEMU: asks first (SIGTERM), and kills it if it does not end soon, at once if the user
   * waits for the end. Whether it is gone.
   */
  public boolean end() {
    return end(END_TIME);
  }

  /**
   * Ends QEMU, kindly only if that takes no time: one that waits for a page of its guest can't end
   * by itself. Whether it is gone.
   */
  public boolean kill() {
    return end(KIND_TIME);
  }

  private boolean end(Duration kindTime) {
    List<ProcessHandle> all = all();
    all.forEach(ProcessHandle::destroy);
    if (areGone(all, kindTime, KIND_TIME)) {
      return true;
    }
    all.forEach(ProcessHandle::destroyForcibly);
    boolean gone = areGone(all, END_TIME, END_TIME);
    terminalMode.ifPresent(TerminalMode::restore);
    return gone;
  }

  /** QEMU, and programs before it: a script may pass no signal on, and would leave QEMU behind. */
  private List<ProcessHandle> all() {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
  }

  private boolean areGone(List<ProcessHandle> all, Duration patience, Duration onceCancelled) {
    long beginNanos = System.nanoTime();
    while (all.stream().anyMatch(ProcessHandle::isAlive)) {
      Duration time = cancellation.isCancelled() ? onceCancelled : patience;
      if (System.nanoTime() - beginNanos > time.toNanos()) {
        return false;
      }
      Pause.of(Duration.ofMillis(5));
    }
    return true;
  }

  /** Passes a request to end on to QEMU (SIGTERM). */
  public void terminate() {
    all().forEach(ProcessHandle::destroy);
  }

  /** The number of the process that was started. */
  public long pid() {
    return process.pid();
  }

  /** Waits for QEMU's end; its exit status, 128 + n if signal n killed it. */
  public int waitForExit() {
    try {
      int status = process.waitFor();
      terminalMode.ifPresent(TerminalMode::restore);
      return status;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }
}
