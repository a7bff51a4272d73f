// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.transfer.TransferView;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/** Samples a transfer and computes its rates. */
final class ProgressMeter {
  private static final long WINDOW_NANOS = 3_000_000_000L;
  private static final long MIN_NANOS = 250_000_000L;

  private record Sample(long nanos, long doneBytes, long transferredBytes) {}

  private final TransferView view;
  private final Deque<Sample> samples = new ArrayDeque<>();

  ProgressMeter(TransferView view) {
    this.view = view;
  }

  /**
   * The current state of the transfer, with rates averaged over the last three seconds.
   *
   * @param nowNanos current {@link System#nanoTime()}
   */
  ProgressState read(long nowNanos) {
    Sample now = new Sample(nowNanos, view.doneBytes(), view.transferredBytes());
    // A new pass over a live guest's memory starts at a smaller value, which makes earlier samples
    // useless.
    if (!samples.isEmpty() && samples.getLast().doneBytes() > now.doneBytes()) {
      samples.clear();
    }
    samples.addLast(now);
    while (samples.getFirst().nanos() < nowNanos - WINDOW_NANOS) {
      samples.removeFirst();
    }
    Sample first = samples.getFirst();
    double seconds = Amounts.secondsBetween(first.nanos(), now.nanos());
    double donePerSecond = seconds > 0 ? (now.doneBytes() - first.doneBytes()) / seconds : 0;
    double movedPerSecond =
        seconds > 0 ? (now.transferredBytes() - first.transferredBytes()) / seconds : 0;
    boolean known = donePerSecond > 0 && nowNanos - first.nanos() >= MIN_NANOS;
    long missing = Math.max(0, view.ramBytes() - now.doneBytes());
    return new ProgressState(
        view.phase(),
        now.doneBytes(),
        view.ramBytes(),
        (long) movedPerSecond,
        known && missing > 0
            ? OptionalLong.of((long) Math.ceil(missing / donePerSecond))
            : OptionalLong.empty(),
        view.passes(),
        view.dirtyPagesPerSecond(),
        view.serving());
  }
}
