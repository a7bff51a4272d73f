// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.Optional;

/**
 * The first failure of serving, which is reported to the lifeline; later failures, which follow
 * from it, are not reported. One thread may call {@link #fail}, any thread the other methods.
 */
final class FirstFailure {
  private final Lifeline lifeline;
  private volatile Optional<Throwable> reason = Optional.empty();

  FirstFailure(Lifeline lifeline) {
    this.lifeline = lifeline;
  }

  /** Reports a failure to the lifeline, unless there was an earlier one. */
  void fail(Throwable failure) {
    if (reason.isEmpty()) {
      reason = Optional.of(failure);
      lifeline.failed(failure);
    }
  }

  /** Whether there was no failure. */
  boolean isEmpty() {
    return reason.isEmpty();
  }

  /** Waits until the guest is stopped because of the failure. */
  void awaitStop() {
    lifeline.awaitStop();
  }

  /** Throws the failure, if there was one. */
  void rethrow() {
    if (reason.isEmpty()) {
      return;
    }
    switch (reason.get()) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }
}
