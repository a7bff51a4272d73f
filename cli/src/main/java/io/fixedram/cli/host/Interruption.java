// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.cancel.Cancellation;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Handles Ctrl-C and the other signals on which Java shuts down (SIGTERM, SIGHUP): cancels the
 * command, and keeps the process running until it has cleaned up.
 */
public final class Interruption {
  private static final long PATIENCE_SECONDS = 3;
  private static final long POLL_MILLIS = 50;

  /**
   * Signals of different kinds within this time are one request: service managers and terminals
   * that close send SIGTERM and SIGHUP together.
   */
  private static final long TOGETHER_NANOS = 1_000_000_000;

  /** Maximum number of threads to examine, more than this program has. */
  private static final int MAX_THREADS = 256;

  private final Cancellation cancellation;
  private final Runnable whenSlow;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile int status;

  /**
   * Installs the handler.
   *
   * @param cancellation cancelled by a signal
   * @param interrupted exit status after a signal
   * @param whenSlow tells the user that cleanup takes longer
   */
  public Interruption(Cancellation cancellation, int interrupted, Runnable whenSlow) {
    this.cancellation = cancellation;
    this.whenSlow = whenSlow;
    this.status = interrupted;
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "interruption"));
  }

  /**
   * Ends the process without the JVM's shutdown sequence, which initializes logging first and takes
   * 50 ms.
   */
  public void exit(int withStatus) {
    status = withStatus;
    ended.countDown();
    Runtime.getRuntime().halt(withStatus);
  }

  /** Shutdown hook: runs on a signal, and when the command has ended. */
  private void shutDown() {
    try {
      if (ended.getCount() > 0) {
        cancel();
        if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          whenSlow.run();
          ended.await();
        }
      }
    } catch (InterruptedException e) {
      // This thread is not interrupted; an interrupt would end the process now.
    }
    // Java's own exit status would be that of the signal, not that of the command.
    Runtime.getRuntime().halt(status);
  }

  /** Cancels the command; if that is refused, again on each further signal. */
  private void cancel() throws InterruptedException {
    Signals taken = Signals.soFar();
    long takenNanos = System.nanoTime();
    boolean heard = cancellation.cancel();
    while (!heard && !ended.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      Signals now = Signals.soFar();
      if (now.all() > taken.all()) {
        boolean again =
            now.mostOfOneKind() > taken.mostOfOneKind()
                || System.nanoTime() - takenNanos > TOGETHER_NANOS;
        taken = now;
        takenNanos = System.nanoTime();
        if (again) {
          heard = cancellation.cancel();
        }
      }
    }
  }

  /**
   * Number of signals so far. Java starts a thread for each, such as "SIGTERM handler"; those after
   * the first wait for the end of the shutdown.
   *
   * @param all number of all signals, at least 1
   * @param mostOfOneKind number of signals of the most frequent kind
   */
  private record Signals(int all, int mostOfOneKind) {

    static Signals soFar() {
      ThreadGroup all = Thread.currentThread().getThreadGroup();
      for (ThreadGroup parent = all.getParent(); parent != null; parent = parent.getParent()) {
        all = parent;
      }
      Thread[] threads = new Thread[MAX_THREADS];
      int count = all.enumerate(threads);
      Map<String, Long> kinds =
          Arrays.stream(threads, 0, count)
              .map(Thread::getName)
              .filter(name -> name.matches("SIG[A-Z0-9]+ handler"))
              .collect(Collectors.groupingBy(name -> name, Collectors.counting()));
      long max = kinds.values().stream().mapToLong(Long::longValue).max().orElse(1);
      long sum = kinds.values().stream().mapToLong(Long::longValue).sum();
      return new Signals((int) Math.max(1, sum), (int) max);
    }
  }
}
