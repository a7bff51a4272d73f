// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.Optional;

/**
 * Why serving can't go on as it should: the first failure, which the lifeline is told of; what
 * follows from it is not told. One thread fails, any thread may look.
 */
final class FirstFailure {
  private final Lifeline lifeline;
  private volatile Optional<Throwable> reason = Optional.empty();

  FirstFailure(Lifeline lifeline) {
    this.lifeline = lifeline;
  }

  /** Tells the lifeline, unless it was told of an earlier failure. */
  void fail(Throwable failure) {
    if (reason.isEmpty()) {
      reason = Optional.of(failure);
      lifeline.failed(failure);
    }
  }

  /** Whether nothing has failed. */
  boolean isEmpty() {
    return reason.isEmpty();
  }

  /** Waits until the guest has been stopped for the failure. */
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
