// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.error.StorageException;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lets a guest run on if this process dies while it holds the guest stopped, by whatever signal. A
 * small program waits in a session of its own for the end of a pipe; it then connects to QEMU, and
 * has the guest run if it is paused. QEMU must be reachable a second time where this process has
 * reached it, and whoever kills the whole control group kills the guard too.
 *
 * <p>Not for several threads.
 */
public final class RunGuard implements AutoCloseable {
  private static final String PROGRAM = "perl";
  private static final String SCRIPT = "run-guard.pl";
  private static final String READY = "ready";
  private static final byte[] DONE = "done\n".getBytes(StandardCharsets.US_ASCII);

  private final Process process;

  private RunGuard(Process process) {
    this.process = process;
  }

  /**
   * Starts the guard. Belongs before the guest is stopped.
   *
   * @param qmp where QEMU listens for QMP, which serves one client at a time: the guard connects
   *     once this process is gone
   * @return none if this system has no Perl, or QEMU can't be reached from another process
   */
  public static Optional<RunGuard> arm(Endpoint qmp) {
    List<String> address =
        switch (qmp) {
          case Endpoint.Unix unix -> List.of("unix", unix.path().toAbsolutePath().toString());
          case Endpoint.Tcp tcp -> List.of("tcp", tcp.host(), Integer.toString(tcp.port()));
          case Endpoint.StandardStreams _ -> List.of();
        };
    if (address.isEmpty() || Programs.find(PROGRAM).isEmpty()) {
      return Optional.empty();
    }
    List<String> words = new ArrayList<>(List.of(PROGRAM, "-e", script()));
    words.addAll(address);
    Process process =
        Launch.of(words).withStreams(Redirect.PIPE, Redirect.PIPE, Redirect.DISCARD).start();
    if (isReady(process)) {
      return Optional.of(new RunGuard(process));
    }
    process.destroyForcibly();
    return Optional.empty();
  }

  private static String script() {
    try (InputStream in = RunGuard.class.getResourceAsStream(SCRIPT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A Perl that can't run the script ends, and with it what it could have said. */
  private static boolean isReady(Process process) {
    try (BufferedReader said = process.inputReader(StandardCharsets.US_ASCII)) {
      return READY.equals(said.readLine());
    } catch (IOException e) {
      throw new StorageException("cannot hear the program that guards the guest: " + e, e);
    }
  }

  /** The guest is as it is to be: ends the guard, which does nothing then. */
  @Override
  public void close() {
    try (var pipe = process.getOutputStream()) {
      pipe.write(DONE);
    } catch (IOException e) {
      // It is gone, and has done nothing: this process lives.
      process.destroyForcibly();
    }
  }
}
