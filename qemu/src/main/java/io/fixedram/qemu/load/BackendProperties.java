// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.PrivateDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Queries the properties of a QEMU program's memory backends from its help, before it is started
 * for a guest. The program runs in the background meanwhile. If a command starts QEMU through other
 * programs, only QEMU's program is run, since the others may ask for passwords or change something.
 */
public final class BackendProperties implements AutoCloseable {
  /**
   * Needed properties: offset exists since QEMU 8.1, and rom, with which a read-only file can be
   * RAM, since 8.2.
   */
  private static final List<String> NEEDED = List.of("offset", "rom");

  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final int MAX_BYTES = 1 << 20;
  private static final String ANSWER = "help";

  private final Path program;
  private final PrivateDirectory directory;
  private final Optional<Process> process;
  private final long untilNanos;

  private BackendProperties(
      Path program, PrivateDirectory directory, Optional<Process> process, Duration timeout) {
    this.program = program;
    this.directory = directory;
    this.process = process;
    this.untilNanos = System.nanoTime() + timeout.toNanos();
  }

  /** Starts the query. */
  public static BackendProperties ask(Path program) {
    return ask(program, TIMEOUT);
  }

  /** Starts the query with a timeout for the answer. */
  public static BackendProperties ask(Path program, Duration timeout) {
    PrivateDirectory directory = PrivateDirectory.create();
    Optional<Process> process = Optional.empty();
    try {
      // A file and not a pipe, which a child of the program could keep open forever.
      process =
          Optional.of(
              Launch.of(List.of(program.toString(), "-object", "memory-backend-file,help"))
                  .withStreams(
                      Redirect.from(Path.of("/dev/null").toFile()),
                      Redirect.to(directory.resolve(ANSWER).toFile()),
                      Redirect.DISCARD)
                  .start());
    } catch (StorageException e) {
      // Reported by require().
    }
    return new BackendProperties(program, directory, process, timeout);
  }

  /**
   * Waits for the answer.
   *
   * @param cancellation ends the wait
   * @throws NotInstantException if this QEMU can't have mappings of a save as RAM, or does not
   *     answer
   */
  public void require(Cancellation cancellation) {
    String help =
        process
            .flatMap(asked -> answer(asked, cancellation))
            .orElseThrow(() -> {
              cancellation.throwIfCancelled();
              return new NotInstantException(new InstantObstacle.QemuNotKnown(program));
            });
    for (String property : NEEDED) {
      if (help.lines().noneMatch(line -> line.strip().startsWith(property + "="))) {
        throw new NotInstantException(new InstantObstacle.QemuTooOld(program));
      }
    }
  }

  private Optional<String> answer(Process asked, Cancellation cancellation) {
    long leftNanos = Math.max(0, untilNanos - System.nanoTime());
    try (Cancellation.Registration _ = cancellation.onCancel(asked::destroyForcibly);
        InputStream in = Files.newInputStream(directory.resolve(ANSWER))) {
      return asked.waitFor(leftNanos, TimeUnit.NANOSECONDS) && asked.exitValue() == 0
          ? Optional.of(new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Kills the program and its child processes. */
  @Override
  public void close() {
    process.ifPresent(asked -> {
      asked.descendants().forEach(ProcessHandle::destroyForcibly);
      asked.destroyForcibly();
    });
    directory.close();
  }
}
