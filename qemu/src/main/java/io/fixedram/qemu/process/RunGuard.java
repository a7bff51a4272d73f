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
 * Resumes a guest if this process is killed while it has stopped the guest. A small program in its
 * own session waits for the end of a pipe, then connects to QEMU and resumes the guest if it is
 * paused. QEMU must be reachable at the same address; killing the whole control group also kills
 * the guard.
 *
 * <p>Not thread-safe.
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
   * Starts the guard; to be called before the guest is stopped.
   *
   * @param qmp path of QEMU's QMP socket, which serves one client at a time: the guard connects
   *     once this process is gone
   * @param qemu process id of QEMU
   * @return the guard; empty if this system has no suitable Perl
   */
  public static Optional<RunGuard> arm(Path qmp, long qemu) {
    if (Programs.find(PROGRAM).isEmpty()) {
      return Optional.empty();
    }
    // The path as given, since an absolute path may be too long for a socket.
    List<String> words = List.of(PROGRAM, "-e", script(), qmp.toString(), Long.toString(qemu));
    Process process =
        Launch.of(words).withStreams(Redirect.PIPE, Redirect.PIPE, Redirect.DISCARD).start();
    if (isReady(process)) {
      return Optional.of(new RunGuard(process));
    }
    process.destroyForcibly();
    return Optional.empty();
  }

  /** Source of the guard's program. */
  public static String script() {
    try (InputStream in = RunGuard.class.getResourceAsStream(SCRIPT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the guard is ready; a Perl that can't run the script ends without saying so. */
  private static boolean isReady(Process process) {
    try (BufferedReader said = process.inputReader(StandardCharsets.US_ASCII)) {
      return READY.equals(said.readLine());
    } catch (IOException e) {
      process.destroyForcibly();
      throw new StorageException("cannot hear the program that guards the guest: " + e, e);
    }
  }

  /** Ends the guard without any action, once the guest is in its final state. */
  public void done() {
    try (OutputStream pipe = process.getOutputStream()) {
      pipe.write(DONE);
    } catch (IOException e) {
      // The guard is gone without any action, since this process still runs.
      process.destroyForcibly();
    }
  }
}
