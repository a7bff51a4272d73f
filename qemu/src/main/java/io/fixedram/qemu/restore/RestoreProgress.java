// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.mapping.SaveHold;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The progress of a restore, updated by the restoring thread and read by any thread. Thread-safe.
 */
final class RestoreProgress {
  private final RestoreListener listener;

  /** The states so far, in order; the last one is the current one. */
  private final List<RestoreState> states = new ArrayList<>(List.of(RestoreState.PREPARED));

  private Optional<Connected> connected = Optional.empty();
  private Optional<TransferView> view = Optional.empty();
  private Optional<RestoreReport> report = Optional.empty();
  private Optional<Throwable> failure = Optional.empty();

  /**
   * The QEMU that the guest is restored into.
   *
   * @param qmp a client of the connection for the caller
   * @param hold on the save that the guest runs on
   */
  record Connected(Destination destination, QmpClient qmp, Optional<SaveHold> hold)
      implements AutoCloseable {
    @Override
    public void close() {
      hold.ifPresent(SaveHold::close);
      destination.close();
    }
  }

  RestoreProgress(RestoreListener listener) {
    this.listener = listener;
  }

  /** Records that QEMU waits for the guest. */
  void connected(Destination destination, Optional<SaveHold> hold) {
    synchronized (this) {
      connected = Optional.of(new Connected(destination, destination.qmp().forAnother(), hold));
    }
    enter(RestoreState.STARTED);
  }

  /** Records that the transfer of memory begins. */
  synchronized void follow(TransferView transfer) {
    view = Optional.of(transfer);
  }

  void enter(RestoreState next) {
    add(next);
    listener.stateChanged(next);
  }

  private synchronized void add(RestoreState next) {
    states.add(next);
    notifyAll();
  }

  /** Records success, after QEMU's settings were restored. */
  synchronized void succeeded(RestoreReport result) {
    report = Optional.of(result);
    notifyAll();
  }

  /** Records a failure, after QEMU was ended or restored to its earlier state. */
  void failed(Throwable reason) {
    synchronized (this) {
      failure = Optional.of(reason);
      connected = Optional.empty();
      add(RestoreState.FAILED);
    }
    listener.stateChanged(RestoreState.FAILED);
  }

  synchronized RestoreState state() {
    return states.getLast();
  }

  /**
   * Waits for a state.
   *
   * @param index number of states before it
   * @return empty if the restore is over and had fewer states
   */
  Optional<RestoreState> awaitState(int index) {
    await(() -> index < states.size() || isOver());
    synchronized (this) {
      return index < states.size() ? Optional.of(states.get(index)) : Optional.empty();
    }
  }

  synchronized Optional<Connected> connected() {
    return connected;
  }

  synchronized Optional<TransferView> view() {
    return view;
  }

  /** Waits until QEMU waits for the guest. */
  void awaitStarted() {
    await(() -> state() != RestoreState.PREPARED);
    throwIfFailed();
  }

  /** Waits until the guest runs or is ready to run. */
  void awaitRunning() {
    await(() -> state().compareTo(RestoreState.RUNNING) >= 0);
    throwIfFailed();
  }

  /** Waits until the restore is over. */
  RestoreReport awaitResident() {
    await(this::isOver);
    throwIfFailed();
    return report().orElseThrow();
  }

  private synchronized void await(BooleanSupplier condition) {
    try {
      while (!condition.getAsBoolean()) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while waiting for the guest", e);
    }
  }

  /** Waits until the restore is over, whatever its outcome; not interruptible. */
  synchronized void awaitOver() {
    boolean interrupted = false;
    while (!isOver()) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean isOver() {
    return report.isPresent() || failure.isPresent();
  }

  private synchronized Optional<RestoreReport> report() {
    return report;
  }

  /** Throws the failure of the restore, if it is over and has failed. */
  synchronized void throwIfFailed() {
    if (failure.isPresent()) {
      switch (failure.get()) {
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      }
    }
  }
}
