// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StoppedWorkTest {
  private final Cancellation cancellation = new Cancellation();
  private final StoppedWork work = new StoppedWork(cancellation);
  private final BlockingQueue<String> gate = new LinkedBlockingQueue<>();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Waits as a write to a disk that hangs does: nothing wakes it. */
  private void hang() {
    begun.countDown();
    var _ = Threads.takeUninterruptibly(gate);
    ended.set(true);
  }

  @Test
  void returnsTheResult() {
    assertThat(work.run(() -> 7, () -> {})).isEqualTo(7);
    work.run(() -> ended.set(true));
    assertThat(ended).isTrue();
    assertThat(work.cancellation().isCancelled()).isFalse();
    work.close();
    assertThat(cancellation.isCancelled()).isFalse();
  }

  @Test
  void throwsFailures() {
    FixedRamException failure = new FixedRamException("no space left");
    assertThatThrownBy(() ->
            work.run(() -> {
              throw failure;
            }))
        .isSameAs(failure);
    OutOfMemoryError error = new OutOfMemoryError("none");
    assertThatThrownBy(() ->
            work.run(() -> {
              throw error;
            }))
        .isSameAs(error);
  }

  @Test
  void aCancellationEndsTheWaitButNotTheWork() throws Exception {
    CompletableFuture<Void> caller =
        CompletableFuture.runAsync(() ->
            assertThatThrownBy(() -> work.run(this::hang)).isInstanceOf(CancelledException.class));
    begun.await();
    cancellation.cancel();
    caller.get(50, TimeUnit.SECONDS);
    assertThat(ended).isFalse();
    assertThat(work.cancellation().isCancelled()).isTrue();
    gate.add("open");
    work.close();
    assertThat(ended).isTrue();
  }

  @Test
  void aCheckEndsTheWaitAndTheWorkIsUnwanted() {
    FixedRamException failure = new FixedRamException("too slow");
    assertThatThrownBy(() ->
            work.run(
                () -> {
                  hang();
                  return 0;
                },
                () -> {
                  throw failure;
                }))
        .isSameAs(failure);
    assertThat(ended).isFalse();
    CompletableFuture<Void> end = CompletableFuture.runAsync(work::end);
    while (!work.cancellation().isCancelled()) {
      Thread.onSpinWait();
    }
    assertThat(end).isNotDone();
    gate.add("open");
    end.join();
    assertThat(ended).isTrue();
    assertThat(cancellation.isCancelled()).isFalse();
  }

  @Test
  void anInterruptIsKept() {
    Thread.currentThread().interrupt();
    try {
      assertThat(work.run(() -> 7, () -> {})).isEqualTo(7);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      var _ = Thread.interrupted();
    }
  }
}
