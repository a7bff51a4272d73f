// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.qemu.check.SignatureChecks;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.disk.OverlayCommand;
import io.fixedram.qemu.disk.OverlayFiles;
import io.fixedram.qemu.disk.OverlayNames;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.InstantStart;
import io.fixedram.qemu.load.QemuLeftException;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.PageStore;
import io.fixedram.verify.Verification;
import java.util.Optional;

/**
 * A prepared restore: the save is open, and QEMU's command is decided. It is executed once, in this
 * thread or a new one, or closed. Not thread-safe.
 */
final class Restoration implements AutoCloseable {
  private final RestoreRequest request;
  private final RestoreListener listener;
  private final Cancellation cancellation;
  private final PageStore save;
  private final RestoreStart start;
  private final Optional<OverlayFiles> overlays;
  private final long startNanos;

  private Restoration(
      RestoreRequest request,
      RestoreListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      Optional<OverlayFiles> overlays,
      long startNanos) {
    this.request = request;
    this.overlays = overlays;
    this.listener = listener;
    this.cancellation = cancellation;
    this.save = save;
    this.start = start;
    this.startNanos = startNanos;
  }

  /**
   * Prepares a restore.
   *
   * @throws FixedRamException if the save can't be read, or the requested restore is not possible
   */
  static Restoration prepare(
      RestoreRequest request, RestoreListener told, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    RestoreListener listener = new SafeRestoreListener(told);
    PageStore save = request.open();
    Optional<OverlayFiles> overlays =
        request
            .newOverlays()
            .map(directory -> new OverlayFiles(OverlayNames.in(Optional.of(directory))));
    try {
      if (save.isRandomAccess()) {
        // Fails for an incomplete file before a QEMU is started for it.
        save.deviceState();
      }
      if (request.verifiesFirst()) {
        requireSignatureKept(request, save);
        verify(request, save, cancellation);
      }
      RestoreRequest overlaid =
          overlays.isPresent() ? overlaid(request, save, overlays.get(), listener) : request;
      RestoreStart start = RestoreStart.of(overlaid, save, listener, cancellation);
      return new Restoration(overlaid, listener, cancellation, save, start, overlays, startNanos);
    } catch (RuntimeException | Error e) {
      try (save) {
        overlays.ifPresent(OverlayFiles::close);
      }
      throw e;
    }
  }

  /** The request with a command whose disks are new overlays. */
  private static RestoreRequest overlaid(
      RestoreRequest request, PageStore save, OverlayFiles files, RestoreListener listener) {
    if (!(request.target() instanceof RestoreTarget.Command given)) {
      throw new IllegalStateException("QEMU is not started for this");
    }
    Manifest manifest =
        save.manifest()
            .map(Manifest::ofJson)
            .orElseThrow(() -> new ObstacleException(new DiskObstacle.DisksNotKnown(save.name())));
    QemuCommandLine command =
        OverlayCommand.rewritten(QemuCommandLine.of(given.command()), save.name(), manifest, files);
    for (DiskOverlay each : files.made()) {
      listener.note("new overlay " + each.overlay() + " over " + each.image());
    }
    return request.with(draft -> {
      draft.target = given.with(command.words());
      draft.overlays = files.made();
    });
  }

  /** What was verified does not count if others may change it afterwards. */
  private static void requireSignatureKept(RestoreRequest request, PageStore save) {
    Optional<Obstacle> obstacle =
        switch (request.mode()) {
          case INSTANT ->
              SignatureChecks.notKept(save, true)
                  .map(why -> new InstantObstacle.SignatureNotKept(save.name(), why));
          case NATIVE ->
              SignatureChecks.notKept(save, true)
                  .map(why -> new NativeObstacle.SignatureNotKept(save.name(), why));
          case AUTO, LAZY, MEMORY, STREAM -> Optional.empty();
        };
    if (obstacle.isPresent()) {
      throw new ObstacleException(
          "restore mode " + request.mode().text() + " is not possible: ", obstacle.get());
    }
  }

  private static void verify(RestoreRequest request, PageStore save, Cancellation cancellation) {
    LocalFile file =
        save.localFile()
            .orElseThrow(() ->
                new UnsupportedSaveException(
                    save.name() + " can't be verified: it is not a local file"));
    int threads = Runtime.getRuntime().availableProcessors();
    Verification.run(file, threads, request.key(), cancellation).throwIfDamaged();
    save.state().throwIfChanged(save.name());
  }

  /** The target QEMU, with the command to start it. */
  RestoreTarget target() {
    return start.target();
  }

  /** Whether the guest may be served pages, as far as is known. */
  boolean served() {
    return start.served();
  }

  /** A copy for a QEMU that the caller starts with the command of {@link #target()}. */
  Restoration awaiting(RestoreTarget.Awaited target) {
    long beginNanos = System.nanoTime();
    return new Restoration(
        request, listener, cancellation, save, start.into(target), overlays, beginNanos);
  }

  /** Restores the guest in this thread; returns when it is restored completely. */
  RestoredGuest run() {
    RestoreProgress progress = new RestoreProgress(listener);
    restore(progress);
    var _ = progress.awaitResident();
    return new RestoredGuest(progress, listener);
  }

  /** Restores the guest in a new thread. */
  RestoredGuest start() {
    RestoreProgress progress = new RestoreProgress(listener);
    // Not a daemon thread, since a running guest may depend on it.
    try {
      Thread.ofPlatform()
          .daemon(false)
          .name("restoring " + save.name())
          .start(() -> restore(progress));
    } catch (OutOfMemoryError e) {
      close();
      throw e;
    }
    return new RestoredGuest(progress, listener);
  }

  // Failures are thrown again in waiting threads.
  @SuppressWarnings("CatchThrowable")
  private void restore(RestoreProgress progress) {
    RestoreReport report;
    try {
      report = attempt(progress);
    } catch (Throwable e) {
      if (progress.state().compareTo(RestoreState.RUNNING) < 0) {
        // No guest has written to them.
        overlays.ifPresent(OverlayFiles::close);
      }
      closeSave();
      progress.failed(LockedDisk.explained(e));
      return;
    }
    closeSave();
    progress.succeeded(report);
  }

  /** Closes the save; a failure does not affect the outcome. */
  private void closeSave() {
    try {
      save.close();
    } catch (RuntimeException | Error e) {
      listener.note("closing " + save.name() + " failed: " + e);
    }
  }

  private RestoreReport attempt(RestoreProgress progress) {
    try {
      return attempt(start, progress);
    } catch (NotInstantException e) {
      start.close();
      cancellation.throwIfCancelled();
      if (start.target() instanceof RestoreTarget.Awaited) {
        throw new ObstacleException(
            e.sentence() + "; end that QEMU", e.obstacle(), e, Remedy.USE_STREAM);
      }
      listener.warning(e.sentence() + "; starting the command as it is");
      return attempt(start.without(e.obstacle()), progress);
    } catch (RuntimeException | Error e) {
      start.close();
      throw e;
    }
  }

  /**
   * Tries to restore; throws a {@link NotInstantException} if another restore mode may be possible.
   */
  private RestoreReport attempt(RestoreStart how, RestoreProgress progress) {
    cancellation.throwIfCancelled();
    Destination destination = open(how);
    try {
      how.instant().ifPresent(mappings -> confirm(mappings, destination));
      progress.connected(destination, how.instant().map(InstantStart::hold));
      RestoreReport report =
          new RestoreRun(
                  request, listener, cancellation, save, how, destination, progress, startNanos)
              .restore();
      new CleanupWarnings(listener).attempt(destination::removeSockets);
      return report;
    } catch (RuntimeException | Error e) {
      try (destination) {
        // A guest that is restored runs on, whatever happens to this process.
        if (progress.state() != RestoreState.RESIDENT) {
          destination.abandon(e);
        }
      }
      throw e;
    }
  }

  private Destination open(RestoreStart how) {
    try {
      return switch (how.target()) {
        case RestoreTarget.Waiting waiting -> Destination.waiting(waiting.qmp(), cancellation);
        case RestoreTarget.Awaited awaited ->
            Destination.awaited(
                awaited.socket(), awaited.timeout(), awaited.process(), cancellation);
        case RestoreTarget.Command command ->
            Destination.start(
                new QemuProcess.Command(
                    command.command(),
                    how.served(),
                    command.starter().orElseGet(QemuStarter::inheriting)),
                listener,
                cancellation);
      };
    } catch (CancelledException | QemuLeftException e) {
      throw e;
    } catch (FixedRamException e) {
      cancellation.throwIfCancelled();
      boolean ours = how.target() instanceof RestoreTarget.Command;
      throw ours && how.instant().isPresent() ? withoutMapping(how.instant().get(), e) : e;
    }
  }

  private void confirm(InstantStart mappings, Destination destination) {
    try {
      mappings.confirm(destination.qmp());
    } catch (CancelledException e) {
      throw e;
    } catch (QemuGoneException e) {
      cancellation.throwIfCancelled();
      throw withoutMapping(mappings, destination.gone("as soon as it had started"));
    } catch (FixedRamException e) {
      throw withoutMapping(mappings, e);
    }
  }

  /** The failure of a QEMU that does not start with mappings; the given command may still work. */
  private FixedRamException withoutMapping(InstantStart how, FixedRamException e) {
    InstantObstacle obstacle = new InstantObstacle.NotMapped(how.path(), e);
    return request.mode() == RestoreMode.AUTO
        ? new NotInstantException(obstacle)
        : new ObstacleException(obstacle.sentence(), obstacle, e, Remedy.USE_STREAM);
  }

  /** Abandons a restore that was not begun. */
  @Override
  public void close() {
    try (save) {
      start.close();
      overlays.ifPresent(OverlayFiles::close);
    }
  }
}
