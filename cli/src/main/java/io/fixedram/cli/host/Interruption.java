// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.cancel.Cancellation;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Ctrl-C, and the other signals on which Java shuts down (SIGTERM, SIGHUP): asks the command to
 * end, and keeps the process until it has put everything back.
 */
public final class Interruption {
  private static final long PATIENCE_SECONDS = 3;
  private static final long POLL_MILLIS = 50;

  /**
   * Signals of different kinds within this time are one request: service managers and terminals
   * that close send SIGTERM and SIGHUP together.
   */
  private static final long TOGETHER_NANOS = 1_000_000_000;

  /** More than this program has; of further ones none would be seen. */
  private static final int MAX_THREADS = 256;

  private final Cancellation cancellation;
  private final Runnable whenSlow;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile int status;

  /**
   * Prepares for signals from now on.
   *
   * @param interrupted the exit status of a process that a signal has ended
   * @param whenSlow tells the user that it takes a moment
   */
  public Interruption(Cancellation cancellation, int interrupted, Runnable whenSlow) {
    this.cancellation = cancellation;
    this.whenSlow = whenSlow;
    this.status = interrupted;
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "interruption"));
  }

  /**
   * Ends the process as {@link #shutDown} does in the end, without the detour through the JVM's own
   * shutdown, which loads its logging first and so would take a short command 50 ms more.
   */
  public void exit(int withStatus) {
    status = withStatus;
    ended.countDown();
    Runtime.getRuntime().halt(withStatus);
  }

  /** Runs when the process is to end, whether by a signal or because the command has ended. */
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
      // Nobody interrupts this thread; if somebody does, the process ends now.
    }
    // The status that Java would end with tells of the signal, not of what became of the command.
    Runtime.getRuntime().halt(status);
  }

  /** Asks for the end, and again with each further request if that is refused. */
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
   * How many signals have come. Java starts a thread for each, "SIGTERM handler" for instance, and
   * those after the first wait for the end of the shutdown that the first has begun.
   *
   * @param all of any kind, at least the one that began the shutdown
   * @param mostOfOneKind of the kind of which there are most
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
      long most = kinds.values().stream().mapToLong(Long::longValue).max().orElse(1);
      long sum = kinds.values().stream().mapToLong(Long::longValue).sum();
      return new Signals((int) Math.max(1, sum), (int) most);
    }
  }
}
