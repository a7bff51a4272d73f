// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.check.DescribedDevices;
import io.fixedram.qemu.check.LazyObstacles;
import io.fixedram.qemu.check.SignatureChecks;
import io.fixedram.qemu.command.GenerationId;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.load.InstantStart;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The decisions before QEMU starts: its command, and whether RAM is a mapping of the save.
 *
 * @param target the target QEMU, with the command to start it
 * @param given the target with the command without mappings
 * @param instant the mappings; present in restore mode instant
 * @param notInstant the reason why there are no mappings, if they were tried
 * @param mayServe whether pages may be served if there are no mappings, as far as known yet
 * @param leftToFind time in which QEMU's memory must be found for all pages to be written to it
 *     within {@link GuestRestore#inPlaceWithin}; empty if there are too many pages, or if that was
 *     not determined
 */
record RestoreStart(
    RestoreTarget target,
    RestoreTarget given,
    Optional<InstantStart> instant,
    Optional<Obstacle> notInstant,
    boolean mayServe,
    Optional<Duration> leftToFind)
    implements AutoCloseable {
  private static final String NOT_POSSIBLE = "restore mode instant is not possible: ";

  /**
   * Decides on the start.
   *
   * @param listener notified of options without effect
   * @throws FixedRamException if the requested restore is not possible
   */
  static RestoreStart of(
      RestoreRequest request,
      PageStore save,
      TransferListener listener,
      Cancellation cancellation) {
    return switch (request.target()) {
      case RestoreTarget.Waiting waiting -> ofWaiting(request, waiting, save);
      case RestoreTarget.Command command ->
          ofCommand(request, command, save, listener, cancellation);
      case RestoreTarget.Awaited awaited ->
          throw new IllegalArgumentException("decided before its QEMU was started: " + awaited);
    };
  }

  private static RestoreStart ofWaiting(
      RestoreRequest request, RestoreTarget.Waiting waiting, PageStore save) {
    Obstacle obstacle = new InstantObstacle.QemuRunsAlready();
    if (request.mode() == RestoreMode.INSTANT) {
      throw new ObstacleException(NOT_POSSIBLE, obstacle);
    }
    Optional<Obstacle> notInstant =
        Optional.of(obstacle).filter(_ -> request.mode() == RestoreMode.AUTO);
    return new RestoreStart(
        waiting, waiting, Optional.empty(), notInstant, false, leftToFind(request, save));
  }

  private static Optional<Duration> leftToFind(RestoreRequest request, PageStore save) {
    return request.mode() == RestoreMode.AUTO && ModeObstacles.ofMemory(save).isEmpty()
        ? PlacingTime.leftToFind(save, request.inPlaceWithin())
        : Optional.empty();
  }

  /** Whether all pages are expected to be in their places in the memory of a QEMU before long. */
  boolean soonInPlace(QemuVersion version) {
    return leftToFind.filter(left -> left.compareTo(PlacingTime.finding(version)) >= 0).isPresent();
  }

  private static RestoreStart plain(
      RestoreTarget target, Optional<Obstacle> notInstant, boolean mayServe) {
    return new RestoreStart(
        target, target, Optional.empty(), notInstant, mayServe, Optional.empty());
  }

  private static RestoreStart ofCommand(
      RestoreRequest request,
      RestoreTarget.Command command,
      PageStore save,
      TransferListener listener,
      Cancellation cancellation) {
    QemuCommandLine line = QemuCommandLine.of(command.command());
    if (line.has("S") && !request.paused()) {
      listener.warning(
          Reason.of(
              "-S in the QEMU command has no effect: the restore lets the guest run",
              Remedy.LEAVE_PAUSED));
    }
    if (command.generationId().isPresent()) {
      line = withGenerationId(line, command.generationId().get(), save, listener);
    }
    RestoreTarget.Command given = command.with(line.words());
    if (request.mode() != RestoreMode.AUTO && request.mode() != RestoreMode.INSTANT) {
      return plain(given, Optional.empty(), request.mode() == RestoreMode.LAZY);
    }
    boolean mayServe =
        request.mode() == RestoreMode.AUTO && LazyObstacles.inTheSave(save).isEmpty();
    Optional<Duration> leftToFind = leftToFind(request, save);
    if (leftToFind.isPresent()) {
      return new RestoreStart(
          given, given, Optional.empty(), Optional.empty(), mayServe, leftToFind);
    }
    try {
      SignatureChecks.notKept(save, request.verifiesFirst())
          .ifPresent(why -> {
            throw new NotInstantException(new InstantObstacle.SignatureNotKept(save.name(), why));
          });
      InstantStart instant = InstantStart.prepare(save, line, cancellation);
      instant.remarks().forEach(listener::note);
      return new RestoreStart(
          given.with(instant.words()),
          given,
          Optional.of(instant),
          Optional.empty(),
          mayServe,
          Optional.empty());
    } catch (NotInstantException e) {
      if (request.mode() == RestoreMode.INSTANT) {
        throw new ObstacleException(NOT_POSSIBLE + e.sentence(), e.obstacle(), e);
      }
      return plain(given, Optional.of(e.obstacle()), mayServe);
    }
  }

  private static QemuCommandLine withGenerationId(
      QemuCommandLine line, UUID id, PageStore save, TransferListener listener) {
    if (line.program().isEmpty()) {
      throw new ObstacleException(new StartObstacle.GenerationIdNotPlaced(id));
    }
    List<String> devices = DescribedDevices.names(save);
    if (devices.isEmpty()) {
      listener.warning(
          save.name()
              + " does not tell whether its guest has the device vmgenid: without it, the guest does"
              + " not see the VM generation id");
    } else if (!devices.contains("vmgenid")) {
      throw new ObstacleException(new StartObstacle.NoGenerationIdDevice(save.name()));
    }
    return GenerationId.apply(line, id);
  }

  /** A copy with the command as it was given, without mappings. */
  RestoreStart without(Obstacle obstacle) {
    return plain(given, Optional.of(obstacle), mayServe);
  }

  /** A copy for a QEMU that was started with the command of this start. */
  RestoreStart into(RestoreTarget other) {
    return new RestoreStart(other, other, instant, notInstant, mayServe, leftToFind);
  }

  /** Whether the guest may be served pages. */
  boolean served() {
    return mayServe && instant.isEmpty();
  }

  @Override
  public void close() {
    instant.ifPresent(InstantStart::close);
  }
}
