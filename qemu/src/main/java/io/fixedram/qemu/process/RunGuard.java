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
import java.util.concurrent.TimeUnit;

/**
 * Acts on a QEMU if this process is killed in the middle of its work: resumes a guest that was
 * stopped for a save, or ends a QEMU with a part of a guest in its memory. A small program in its
 * own session waits for the end of a pipe, then connects to QEMU and does so if QEMU is still in
 * the state that this process has brought it to. QEMU must be reachable at the same address;
 * killing the whole control group also kills the guard.
 *
 * <p>Not thread-safe.
 */
public final class RunGuard {
  private static final String PROGRAM = "perl";
  private static final String SCRIPT = "run-guard.pl";
  private static final String READY = "ready";
  private static final byte[] DONE = "done\n".getBytes(StandardCharsets.US_ASCII);

  private static final int END_SECONDS = 1;

  private final Process process;

  private RunGuard(Process process) {
    this.process = process;
  }

  /**
   * Starts a guard that resumes the guest if it is paused; to be called before the guest is
   * stopped.
   *
   * @param qmp path of QEMU's QMP socket, which serves one client at a time: the guard connects
   *     once this process is gone
   * @param qemu process id of QEMU
   * @return the guard; empty if this system has no suitable Perl
   */
  public static Optional<RunGuard> arm(Path qmp, long qemu) {
    return arm(qmp, qemu, "cont");
  }

  /**
   * Starts a guard that ends QEMU if it still waits for a guest; to be called before QEMU's memory
   * is written. A QEMU that loads is left alone until it has the guest, or has failed.
   *
   * @param qmp path of QEMU's QMP socket
   * @param qemu process id of QEMU
   * @return the guard; empty if this system has no suitable Perl
   */
  public static Optional<RunGuard> armToEnd(Path qmp, long qemu) {
    return arm(qmp, qemu, "quit");
  }

  private static Optional<RunGuard> arm(Path qmp, long qemu, String command) {
    if (Programs.find(PROGRAM).isEmpty()) {
      return Optional.empty();
    }
    // The path as given, since an absolute path may be too long for a socket.
    List<String> words =
        List.of(PROGRAM, "-e", script(), qmp.toString(), Long.toString(qemu), command);
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

  /** Has the guard act as if this process were gone, once this process has left QEMU. */
  public void act() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      process.destroyForcibly();
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

  /**
   * Ends the guard as {@link #done} does, and returns once its program has ended, as it soon does.
   */
  public void dismiss() {
    done();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
