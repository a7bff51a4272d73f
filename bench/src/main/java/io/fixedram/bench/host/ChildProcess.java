// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.Programs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs a program to its end and returns its output and resource usage. A cancellation ends the
 * program.
 */
public final class ChildProcess {
  private static final int POLL_MILLIS = 50;
  private static final int KIND_MILLIS = 500;
  private static final int END_MILLIS = 5000;
  private static final int MAX_OUTPUT_BYTES = 4 << 20;

  /** Index in proc_pid_stat(5) after the state, which is the third field. */
  private static final int CHILDREN_USER_TICKS = 16 - 3;

  private static final int CHILDREN_SYSTEM_TICKS = 17 - 3;

  /** USER_HZ of Linux on x86. */
  private static final double TICKS_PER_SECOND = 100;

  private ChildProcess() {}

  /**
   * Result of a program.
   *
   * @param status exit status
   * @param out standard output
   * @param err standard error
   * @param seconds time from start to end
   * @param cpuSeconds processor time, with a resolution of 10 ms; correct only if no other child of
   *     this process ended meanwhile
   * @param peakBytes peak resident memory (VmHWM), sampled every 50 ms and when the program begins
   *     to print
   */
  public record Result(
      int status, String out, String err, double seconds, double cpuSeconds, long peakBytes) {

    /**
     * Returns this result if the program succeeded.
     *
     * @throws FixedRamException if the program failed, with its last message
     */
    public Result orThrow(String what) {
      if (status != 0) {
        String said = err.isBlank() ? out : err;
        String last = said.lines().filter(line -> !line.isBlank()).reduce("", (_, next) -> next);
        throw new FixedRamException(
            what + " failed with status " + status + (last.isEmpty() ? "" : ": " + last.strip()));
      }
      return this;
    }
  }

  /**
   * Runs a program with empty standard input.
   *
   * @param directory the working directory
   * @throws CancelledException if cancelled
   */
  public static Result run(List<String> words, Path directory, Cancellation cancellation) {
    cancellation.throwIfCancelled();
    double cpuBefore = childrenSeconds();
    long startNanos = System.nanoTime();
    Process process =
        Launch.of(Programs.aside(words)).in(directory).withPipes().inEnglish().start();
    try (Cancellation.Registration _ = cancellation.onCancel(process::destroy)) {
      PeakMemory peak = new PeakMemory(process);
      CompletableFuture<String> out = read(process.getInputStream(), peak::look);
      CompletableFuture<String> err = read(process.getErrorStream(), () -> {});
      awaitEnd(process, peak, cancellation);
      double seconds = (System.nanoTime() - startNanos) / 1e9;
      cancellation.throwIfCancelled();
      return new Result(
          process.exitValue(),
          all(out, cancellation),
          all(err, cancellation),
          seconds,
          Math.max(0, childrenSeconds() - cpuBefore),
          peak.bytes());
    } finally {
      end(process, cancellation);
    }
  }

  /**
   * Reads a stream to its end.
   *
   * @param onFirst called when the first byte has arrived
   */
  private static CompletableFuture<String> read(InputStream in, Runnable onFirst) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try (in) {
            byte[] first = in.readNBytes(1);
            onFirst.run();
            byte[] kept = in.readNBytes(MAX_OUTPUT_BYTES - first.length);
            in.transferTo(OutputStream.nullOutputStream());
            ByteArrayOutputStream all = new ByteArrayOutputStream(first.length + kept.length);
            all.writeBytes(first);
            all.writeBytes(kept);
            text.complete(all.toString(StandardCharsets.UTF_8));
          } catch (IOException e) {
            text.complete("");
          }
        });
    return text;
  }

  /**
   * Waits for the output; a child of the program may keep the pipe open after the program's end.
   */
  private static String all(CompletableFuture<String> text, Cancellation cancellation) {
    while (true) {
      cancellation.throwIfCancelled();
      try {
        return text.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        // There is more output.
      } catch (ExecutionException e) {
        throw new FixedRamException("cannot read what a program says: " + e.getCause(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancelledException();
      }
    }
  }

  private static void awaitEnd(Process process, PeakMemory peak, Cancellation cancellation) {
    try {
      while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        cancellation.throwIfCancelled();
        peak.look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }

  /** Processor time of all children that have ended, in seconds. */
  private static double childrenSeconds() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long ticks =
          Long.parseLong(fields[CHILDREN_USER_TICKS])
              + Long.parseLong(fields[CHILDREN_SYSTEM_TICKS]);
      return ticks / TICKS_PER_SECOND;
    } catch (IOException e) {
      throw new StorageException("cannot read /proc/self/stat: " + e.getMessage(), e);
    }
  }

  /** Ends the program; after a cancellation it is killed soon if it does not react. */
  private static void end(Process process, Cancellation cancellation) {
    List<ProcessHandle> started = process.descendants().toList();
    process.destroy();
    started.forEach(ProcessHandle::destroy);
    try {
      boolean ended =
          process.waitFor(
              cancellation.isCancelled() ? KIND_MILLIS : END_MILLIS, TimeUnit.MILLISECONDS);
      started.forEach(ProcessHandle::destroyForcibly);
      if (!ended) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
