// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.restore.RestoreListener;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreState;
import io.fixedram.qemu.transfer.TransferView;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** Keeps what a transfer tells. */
final class Recorder implements RestoreListener {
  private final List<String> notes = new CopyOnWriteArrayList<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final List<RestoreState> states = new CopyOnWriteArrayList<>();
  private final List<RestoreMode> modes = new CopyOnWriteArrayList<>();
  private final List<Obstacle> passedOver = new CopyOnWriteArrayList<>();
  private final List<Remedy> remedies = new CopyOnWriteArrayList<>();
  private volatile Optional<TransferView> view = Optional.empty();
  private volatile Runnable atStart = () -> {};
  private volatile Runnable whenTold = () -> {};

  /** Has something done when RAM begins to flow, before any more of it does. */
  void atStart(Runnable action) {
    atStart = action;
  }

  /** Has something done with each note and warning. */
  void whenTold(Runnable action) {
    whenTold = action;
  }

  /** Has something done once, after a guest was read while it ran, and before it is stopped. */
  void beforeTheStop(Runnable action) {
    AtomicBoolean done = new AtomicBoolean();
    whenTold(() -> {
      boolean next = notes.getLast().startsWith("the guest will be stopped");
      if (next && !done.getAndSet(true)) {
        action.run();
      }
    });
  }

  @Override
  public void started(TransferView started) {
    view = Optional.of(started);
    atStart.run();
  }

  @Override
  public void note(Reason reason) {
    remedies.addAll(reason.remedies());
    notes.add(reason.sentence());
    whenTold.run();
  }

  @Override
  public void warning(Reason reason) {
    remedies.addAll(reason.remedies());
    warnings.add(reason.sentence());
    whenTold.run();
  }

  @Override
  public void choseMode(RestoreMode mode, List<Obstacle> obstacles) {
    modes.add(mode);
    passedOver.addAll(obstacles);
  }

  @Override
  public void stateChanged(RestoreState state) {
    states.add(state);
  }

  /** The states of restores, in order. */
  List<RestoreState> states() {
    return states;
  }

  /** How guests got into QEMUs. */
  List<RestoreMode> modes() {
    return modes;
  }

  /** Why other modes were not chosen. */
  List<Obstacle> passedOver() {
    return passedOver;
  }

  Optional<TransferView> view() {
    return view;
  }

  boolean hasStarted() {
    return view.isPresent();
  }

  List<String> notes() {
    return notes;
  }

  List<String> warnings() {
    return warnings;
  }

  /** What notes and warnings said can be done. */
  List<Remedy> remedies() {
    return remedies;
  }

  /** Bytes that have come so far. */
  long transferredBytes() {
    return view.map(TransferView::transferredBytes).orElse(0L);
  }

  /** Waits until so many bytes have come. */
  void awaitTransferred(long bytes) {
    RunningQemu.await("the transfer of " + bytes + " bytes", () -> transferredBytes() >= bytes);
  }
}
