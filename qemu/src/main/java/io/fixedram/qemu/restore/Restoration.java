// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.InstantStart;
import io.fixedram.qemu.load.QemuLeftException;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;

/**
 * A restore, prepared: the save is open, and it is decided how QEMU is to be started. It is done
 * once, in this thread or in one of its own, or closed. Not for several threads.
 */
final class Restoration implements AutoCloseable {
  private final RestoreRequest request;
  private final RestoreListener listener;
  private final Cancellation cancellation;
  private final PageStore save;
  private final RestoreStart start;
  private final long startNanos;

  private Restoration(
      RestoreRequest request,
      RestoreListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      long startNanos) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
    this.save = save;
    this.start = start;
    this.startNanos = startNanos;
  }

  /**
   * Prepares.
   *
   * @throws FixedRamException if the save can't be read, or what was asked for is not possible
   */
  static Restoration prepare(
      RestoreRequest request, RestoreListener told, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    RestoreListener listener = new SteadyListener(told);
    PageStore save = Saves.open(request.file());
    try {
      if (save.isRandomAccess()) {
        // Fails for an incomplete file before a QEMU is started for it.
        save.deviceState();
      }
      RestoreStart start = RestoreStart.of(request, save, listener, cancellation);
      return new Restoration(request, listener, cancellation, save, start, startNanos);
    } catch (RuntimeException | Error e) {
      save.close();
      throw e;
    }
  }

  /** The QEMU, with its command as it is to be started. */
  RestoreTarget target() {
    return start.target();
  }

  /** Whether the guest may be served pages, as far as is known. */
  boolean served() {
    return start.served();
  }

  /** The same into a QEMU that somebody else starts with the command of {@link #target()}. */
  Restoration awaiting(RestoreTarget.Awaited target) {
    long beginNanos = System.nanoTime();
    return new Restoration(request, listener, cancellation, save, start.into(target), beginNanos);
  }

  /** Restores; returns when the guest is there. */
  RestoredGuest run() {
    RestoreProgress progress = new RestoreProgress(listener);
    restore(progress);
    var _ = progress.awaitResident();
    return new RestoredGuest(progress, listener);
  }

  /** Restores in a thread of its own. */
  RestoredGuest start() {
    RestoreProgress progress = new RestoreProgress(listener);
    // It must not end with the program's other threads, since a guest may depend on it.
    try {
      Thread.ofPlatform()
          .daemon(false)
          .name("restoring " + request.file())
          .start(() -> restore(progress));
    } catch (OutOfMemoryError e) {
      close();
      throw e;
    }
    return new RestoredGuest(progress, listener);
  }

  // What is thrown is thrown again by those who wait.
  @SuppressWarnings("CatchThrowable")
  private void restore(RestoreProgress progress) {
    RestoreReport report;
    try {
      report = attempt(progress);
    } catch (Throwable e) {
      closeSave();
      progress.failed(e);
      return;
    }
    closeSave();
    progress.succeeded(report);
  }

  /** What comes of it changes nothing any more. */
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
            e.sentence() + "; end that QEMU", e.obstacle(), e, Remedy.RESTORE_BY_STREAM);
      }
      listener.warning(e.sentence() + "; starting the command as it is");
      return attempt(start.without(e.obstacle()), progress);
    } catch (RuntimeException | Error e) {
      start.close();
      throw e;
    }
  }

  /** Tries once; throws a {@link NotInstantException} if another restore mode may do. */
  private RestoreReport attempt(RestoreStart how, RestoreProgress progress) {
    cancellation.throwIfCancelled();
    Destination destination = open(how);
    try {
      confirm(how, destination);
      progress.connected(destination, how.instant().map(InstantStart::hold));
      RestoreReport report =
          new RestoreRun(
                  request, listener, cancellation, save, how, destination, progress, startNanos)
              .restore();
      removeSockets(destination);
      return report;
    } catch (RuntimeException | Error e) {
      try (destination) {
        destination.abandon(e);
      }
      throw e;
    }
  }

  /** A guest that is there is not given up for what is left of its restore. */
  private void removeSockets(Destination destination) {
    try {
      destination.removeSockets();
    } catch (RuntimeException e) {
      listener.warning("not all could be tidied up after the restore: " + e);
    }
  }

  private Destination open(RestoreStart how) {
    try {
      return switch (how.target()) {
        case RestoreTarget.Waiting waiting -> Destination.waiting(waiting.qmp(), cancellation);
        case RestoreTarget.Awaited awaited ->
            Destination.awaited(
                awaited.socket(), awaited.patience(), awaited.process(), cancellation);
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
      throw ours && how.instant().isPresent() ? withoutMapping(e) : e;
    }
  }

  private void confirm(RestoreStart how, Destination destination) {
    try {
      how.instant().ifPresent(instant -> instant.confirm(destination.qmp()));
    } catch (CancelledException e) {
      throw e;
    } catch (QemuGoneException e) {
      cancellation.throwIfCancelled();
      throw withoutMapping(destination.gone("as soon as it had started"));
    } catch (FixedRamException e) {
      throw withoutMapping(e);
    }
  }

  /** What a QEMU that does not come up with mappings means: its command as it is may do. */
  private FixedRamException withoutMapping(FixedRamException e) {
    InstantObstacle obstacle = new InstantObstacle.NotMapped(request.file(), e.sentence());
    return request.mode() == RestoreMode.AUTO
        ? new NotInstantException(obstacle)
        : new ObstacleException(obstacle.sentence(), obstacle, e, Remedy.RESTORE_BY_STREAM);
  }

  /** Gives up a restore that was not begun. */
  @Override
  public void close() {
    try (save) {
      start.close();
    }
  }
}
