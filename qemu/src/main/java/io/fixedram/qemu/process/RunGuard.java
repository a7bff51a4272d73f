// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.error.StorageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Lets a guest run on if this process ends while it holds the guest stopped, by whatever signal. A
 * small program waits in a session of its own for the end of a pipe; it then connects with QEMU,
 * and has the guest run if it is paused. QEMU must be reachable again where this process has
 * reached it, and whoever kills the whole control group kills the guard too.
 *
 * <p>Not for several threads.
 */
public final class RunGuard {
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
   * @param qemu QEMU's process number
   * @return none if this system has no Perl that can do it
   */
  public static Optional<RunGuard> arm(Path qmp, long qemu) {
    if (Programs.find(PROGRAM).isEmpty()) {
      return Optional.empty();
    }
    // The path as it is given: an absolute one may be too long for a socket.
    List<String> words = List.of(PROGRAM, "-e", script(), qmp.toString(), Long.toString(qemu));
    Process process =
        Launch.of(words).withStreams(Redirect.PIPE, Redirect.PIPE, Redirect.DISCARD).start();
    if (isReady(process)) {
      return Optional.of(new RunGuard(process));
    }
    process.destroyForcibly();
    return Optional.empty();
  }

  /** The text of the guard's program. */
  public static String script() {
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
      process.destroyForcibly();
      throw new StorageException("cannot hear the program that guards the guest: " + e, e);
    }
  }

  /** The guest is as it is to be: ends the guard, which does nothing then. */
  public void done() {
    try (OutputStream pipe = process.getOutputStream()) {
      pipe.write(DONE);
    } catch (IOException e) {
      // It is gone, and has done nothing: this process lives.
      process.destroyForcibly();
    }
  }
}
