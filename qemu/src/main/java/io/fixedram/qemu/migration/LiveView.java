// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.guest.TransferCounters;
import io.fixedram.pageserver.FaultTimes;
import io.fixedram.qemu.transfer.ServingState;
import io.fixedram.qemu.transfer.TransferView;
import java.util.Optional;
import java.util.OptionalDouble;

/** The view of a transfer in progress, updated by its threads. Thread-safe. */
public final class LiveView implements TransferView {
  private final TransferCounters counters;
  private final FaultTimes faults = new FaultTimes();
  private volatile MigrationState state = MigrationState.NONE;
  private volatile String phase;
  private volatile boolean served;
  private volatile OptionalDouble runningSeconds = OptionalDouble.empty();
  private volatile OptionalDouble residentSeconds = OptionalDouble.empty();

  public LiveView(TransferCounters counters, String phase) {
    this.counters = counters;
    this.phase = phase;
  }

  public TransferCounters counters() {
    return counters;
  }

  public FaultTimes faults() {
    return faults;
  }

  public void state(MigrationState latest) {
    state = latest;
  }

  public void phase(String next) {
    phase = next;
  }

  @Override
  public long ramBytes() {
    return counters.totalRamBytes();
  }

  @Override
  public long doneBytes() {
    long total = ramBytes();
    if (counters.ended()) {
      return total;
    }
    // In the first pass the local count is more current than QEMU's last answer.
    return passes() > 1
        ? Math.max(0, total - state.remainingBytes())
        : Math.min(total, transferredBytes());
  }

  @Override
  public long dataBytes() {
    return counters.dataBytes();
  }

  @Override
  public long transferredBytes() {
    return counters.dataBytes() + counters.zeroBytes();
  }

  @Override
  public long passes() {
    return state.passes();
  }

  @Override
  public long dirtyPagesPerSecond() {
    return state.dirtyPagesPerSecond();
  }

  /** Records that pages are served, and the time until the guest ran once it does. */
  public void serving(OptionalDouble untilRunning) {
    runningSeconds = untilRunning;
    served = true;
  }

  /** Records the time until all pages had arrived. */
  public void resident(double seconds) {
    residentSeconds = OptionalDouble.of(seconds);
  }

  @Override
  public Optional<ServingState> serving() {
    if (!served) {
      return Optional.empty();
    }
    return Optional.of(
        new ServingState(
            runningSeconds,
            residentSeconds,
            faults.count(),
            quantile(0.5),
            quantile(0.99),
            faults.total().toNanos() / 1e9));
  }

  /** Upper bound in seconds of the times of a share of the faults. */
  private OptionalDouble quantile(double share) {
    return faults
        .quantile(share)
        .map(time -> OptionalDouble.of(time.toNanos() / 1e9))
        .orElseGet(OptionalDouble::empty);
  }

  @Override
  public String phase() {
    return phase;
  }
}
