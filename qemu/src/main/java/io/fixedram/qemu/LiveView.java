// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.guest.TransferCounters;
import io.fixedram.pageserver.FaultTimes;

/** The view of a transfer under way. */
final class LiveView implements TransferView {
  private final TransferCounters counters;
  private final FaultTimes faults = new FaultTimes();
  private volatile MigrationState state = MigrationState.NONE;
  private volatile String phase;

  LiveView(TransferCounters counters, String phase) {
    this.counters = counters;
    this.phase = phase;
  }

  TransferCounters counters() {
    return counters;
  }

  FaultTimes faults() {
    return faults;
  }

  void state(MigrationState latest) {
    state = latest;
  }

  void phase(String next) {
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
    // In the first pass our own count is finer than what QEMU said when last asked.
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

  @Override
  public String phase() {
    return phase;
  }
}
