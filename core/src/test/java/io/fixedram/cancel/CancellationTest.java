// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cancel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.CancelledException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellationTest {
  private final Cancellation cancellation = new Cancellation();
  private final List<String> done = new ArrayList<>();

  @Test
  void runsActionsOnceAndInOrder() {
    cancellation.onCancel(() -> done.add("first"));
    cancellation.onCancel(() -> done.add("second"));
    cancellation.throwIfCancelled();
    assertThat(cancellation.isCancelled()).isFalse();
    cancellation.cancel();
    cancellation.cancel();
    assertThat(done).containsExactly("first", "second");
    assertThat(cancellation.isCancelled()).isTrue();
    assertThatThrownBy(cancellation::throwIfCancelled)
        .isInstanceOf(CancelledException.class)
        .hasMessage("interrupted");
  }

  @Test
  void closedRegistrationsDoNotRun() {
    Cancellation.Registration taken = cancellation.onCancel(() -> done.add("taken back"));
    cancellation.onCancel(() -> done.add("stays"));
    taken.close();
    taken.close();
    cancellation.cancel();
    assertThat(done).containsExactly("stays");
  }

  @Test
  void aRefusalHoldsForOneRequest() {
    cancellation.onCancel(() -> done.add("ended"));
    cancellation.refuseOnce(() -> done.add("refused"));
    assertThat(cancellation.cancel()).isFalse();
    assertThat(cancellation.isCancelled()).isFalse();
    assertThat(done).containsExactly("refused");
    assertThat(cancellation.cancel()).isTrue();
    assertThat(cancellation.isCancelled()).isTrue();
    assertThat(done).containsExactly("refused", "ended");
  }

  @Test
  void aRefusalThatWasTakenBackDoesNotHold() {
    cancellation.refuseOnce(() -> done.add("refused")).close();
    assertThat(cancellation.cancel()).isTrue();
    assertThat(done).isEmpty();
  }

  @Test
  void lateActionsRunAtOnce() {
    cancellation.cancel();
    cancellation.onCancel(() -> done.add("late")).close();
    assertThat(done).containsExactly("late");
  }

  /** An action may register or take back others. */
  @Test
  void actionsMayRegister() {
    Cancellation.Registration other = cancellation.onCancel(() -> done.add("other"));
    cancellation.onCancel(() -> {
      other.close();
      cancellation.onCancel(() -> done.add("nested"));
    });
    cancellation.cancel();
    assertThat(done).containsExactly("other", "nested");
  }

  @Test
  void everyActionRunsExactlyOnceInARace() throws InterruptedException {
    for (int round = 0; round < 200; round++) {
      Cancellation raced = new Cancellation();
      AtomicInteger runs = new AtomicInteger();
      Thread canceller = Thread.ofPlatform().start(raced::cancel);
      for (int i = 0; i < 50; i++) {
        raced.onCancel(runs::incrementAndGet);
      }
      canceller.join();
      assertThat(runs).hasValue(50);
    }
  }
}
