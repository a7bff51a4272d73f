// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.command.NotInstantException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Asks a QEMU program, before it is started for a guest, which properties its memory backends have:
 * its help tells, in the time that the program takes to start, and while others go on here. Of a
 * command that starts QEMU through others only QEMU's program is run, since those may ask for
 * passwords or change something.
 */
final class BackendProperties implements AutoCloseable {
  /** The offset came with QEMU 8.1, with 8.2 a file that is only read can be RAM. */
  private static final List<String> NEEDED = List.of("offset", "rom");

  private static final long MOST_SECONDS = 20;
  private static final int MOST_LINES = 1000;

  private final Path program;
  private final Optional<Process> process;

  private BackendProperties(Path program, Optional<Process> process) {
    this.program = program;
    this.process = process;
  }

  /** Starts to ask. */
  static BackendProperties ask(Path program) {
    try {
      Process process =
          new ProcessBuilder(program.toString(), "-object", "memory-backend-file,help")
              .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(Redirect.DISCARD)
              .start();
      CompletableFuture.delayedExecutor(MOST_SECONDS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      return new BackendProperties(program, Optional.of(process));
    } catch (IOException e) {
      return new BackendProperties(program, Optional.empty());
    }
  }

  /**
   * Waits for the answer.
   *
   * @throws NotInstantException if this QEMU can't have mappings of a save as RAM, or does not tell
   */
  void require() {
    String help =
        process
            .flatMap(BackendProperties::answer)
            .orElseThrow(() ->
                new NotInstantException(
                    program
                        + " does not tell what its memory backends can do, so that --via instant"
                        + " can't be had of it; --via lazy or stream may be"));
    for (String property : NEEDED) {
      if (help.lines().noneMatch(line -> line.strip().startsWith(property + "="))) {
        throw new NotInstantException(
            program
                + " can't have a mapping of a save as RAM, which takes QEMU 8.2; --via lazy or stream"
                + " works with it");
      }
    }
  }

  private static Optional<String> answer(Process process) {
    try (Stream<String> lines = process.inputReader(StandardCharsets.UTF_8).lines()) {
      String text = String.join("\n", lines.limit(MOST_LINES).toList());
      return process.waitFor() == 0 ? Optional.of(text) : Optional.empty();
    } catch (UncheckedIOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    process.ifPresent(Process::destroyForcibly);
  }
}
