// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ThreadsTest {
  private static void sleep(CountDownLatch until) {
    try {
      until.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("the work was interrupted", e);
    }
  }

  @Test
  void interruptsWaitUntilTheWorkIsDone() {
    Thread caller = Thread.currentThread();
    CountDownLatch interrupted = new CountDownLatch(1);
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          for (int i = 0; i < 20; i++) {
            caller.interrupt();
            Thread.onSpinWait();
          }
          interrupted.countDown();
        });
    caller.interrupt();
    String done =
        Threads.withoutInterrupt(() -> {
          sleep(interrupted);
          return "done";
        });
    assertThat(done).isEqualTo("done");
    assertThat(Thread.interrupted()).as("kept for later").isTrue();
  }

  @Test
  void withoutInterruptsNoneIsMadeUp() {
    Threads.withoutInterrupt(() -> {});
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void failuresAreThoseOfTheWork() {
    IllegalStateException failure = new IllegalStateException("made up");
    assertThatThrownBy(() -> Threads.withoutInterrupt(() -> fail(failure))).isSameAs(failure);
    UncheckedIOException other = new UncheckedIOException(new IOException("made up"));
    assertThatThrownBy(() -> Threads.withoutInterrupt(() -> fail(other))).isSameAs(other);
    AssertionError error = new AssertionError("made up");
    assertThatThrownBy(() -> Threads.withoutInterrupt(() -> fail(error))).isSameAs(error);
  }

  private static void fail(RuntimeException failure) {
    throw failure;
  }

  private static void fail(Error failure) {
    throw failure;
  }
}
