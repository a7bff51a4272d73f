// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveSeal;
import io.fixedram.os.Threads;
import io.fixedram.qemu.check.IncomingChecks;
import io.fixedram.qemu.check.ManifestChecks;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.IncomingGuest;
import io.fixedram.qemu.load.LazyLoader;
import io.fixedram.qemu.load.Loader;
import io.fixedram.qemu.load.MemoryLoader;
import io.fixedram.qemu.load.NativeLoader;
import io.fixedram.qemu.load.RunGate;
import io.fixedram.qemu.load.StreamLoader;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * One restore into one QEMU. QEMU's migration settings are restored at the end, and the guest runs
 * or stays paused as requested.
 */
final class RestoreRun {
  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /** Timeout for an answer of a QEMU that may hang. */
  private static final Duration ANSWER_TIME = Duration.ofSeconds(1);

  /** Time for QEMU to report the reason after a broken connection. */
  private static final Duration REASON_TIME = Duration.ofSeconds(2);

  /** Total time for all commands after a failure. */
  private static final Duration LAST_TIME = Duration.ofSeconds(5);

  private final RestoreRequest request;
  private final RestoreListener listener;
  private final Cancellation cancellation;
  private final PageStore save;
  private final RestoreStart start;
  private final Destination destination;
  private final QemuMigration migration;
  private final long startNanos;
  private final LiveView view = new LiveView(new TransferCounters(), "loading");
  private final RunGate gate = new RunGate();
  private final IncomingGuest guest;
  private final Arrival arrival;
  private final CleanupWarnings cleanup;
  private final RestoreProgress progress;
  private RestoreState state = RestoreState.STARTED;

  /** Whether QEMU can't load another guest after this one has failed. */
  private BooleanSupplier mustEnd = () -> false;

  /** Whether QEMU has ended in an orderly way before all pages were served. */
  private boolean ended;

  /** States of the saved guest's disks; empty if the save has no manifest. */
  private List<DiskState> disks = List.of();

  private long waitingNanos;
  private long incomingNanos;

  /**
   * Prepares a restore.
   *
   * @param progress updated with the states
   * @param startNanos time at which the restore was begun, as {@link System#nanoTime()}
   */
  RestoreRun(
      RestoreRequest request,
      RestoreListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      Destination destination,
      RestoreProgress progress,
      long startNanos) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
    this.save = save;
    this.start = start;
    this.destination = destination;
    this.progress = progress;
    this.migration = new QemuMigration(destination.qmp());
    this.guest = new IncomingGuest(migration, request.paused(), gate);
    this.startNanos = startNanos;
    this.arrival = new Arrival(save.name(), listener, destination, migration, guest);
    this.cleanup = new CleanupWarnings(listener);
  }

  /**
   * Restores the guest. Returns when it is loaded, and runs unless it is to stay paused.
   *
   * @throws FixedRamException if QEMU can't load the guest
   */
  RestoreReport restore() {
    waitingNanos = System.nanoTime();
    new IncomingChecks(migration, save).run();
    ManifestChecks.find(save, migration.qmp(), request.process(), overlays(), listener)
        .ifPresent(checks -> {
          disks = checks.disks();
          checks.require(request.changedDisks(), listener);
        });
    TemporarySettings settings = new TemporarySettings(migration.qmp());
    start.instant().ifPresent(instant -> instant.handOver(migration.qmp()));
    MemoryLoader inPlace =
        new MemoryLoader(
            save, destination, request.process(), view.counters(), listener, cancellation);
    ModeChoice choice = choose(settings, inPlace);
    listener.note(choice.why().after("restore mode " + choice.mode().text() + ": "));
    listener.choseMode(choice.mode(), choice.obstacles());
    OptionalLong presentBytes = choice.presentBytes(save);
    try (Loader loader = loader(choice.mode(), inPlace)) {
      mustEnd = loader::mustEndAfterFailure;
      settings.setIncoming(loader.mappedRam(), loader.postcopyRam(), ignoreShared());
      if (request.paused() || loader.holdsGuestBack()) {
        guest.holdBack();
      }
      progress.follow(view);
      listener.started(view);
      incomingNanos = System.nanoTime();
      enter(RestoreState.LOADING);
      load(loader);
      enter(RestoreState.RESIDENT);
    } catch (RuntimeException | Error e) {
      if (state != RestoreState.RESIDENT) {
        Threads.withoutInterrupt(() -> fail(e, settings));
        throw e;
      }
      cleanup.failed(e);
    }
    cleanup.attempt(() -> putBack(settings));
    if (ended) {
      listener.note("the guest has ended before all of its memory had arrived");
    }
    return report(choice, presentBytes);
  }

  /**
   * Cleans up after a failure; a QEMU that was not started here stays usable for another save if
   * possible.
   */
  private void fail(Throwable failure, TemporarySettings settings) {
    boolean givenUp = state == RestoreState.RUNNING;
    state = RestoreState.FAILED;
    if (givenUp || destination.process().isPresent() || failure instanceof QemuGoneException) {
      return;
    }
    if (mustEnd.getAsBoolean()) {
      destination.endAfterFailure(failure, listener);
      return;
    }
    putBack(settings);
    try {
      QemuMigration last = migration.cleaningUp(LAST_TIME);
      guest.letNextRun(last);
      GuestStatus now = last.guest();
      if (failure instanceof CancelledException && !now.is("inmigrate")) {
        listener.warning(
            "QEMU at "
                + last.qmp().endpoint()
                + " has loaded the guest all the same, which is in state '"
                + now.name()
                + "'");
      }
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
      listener.warning(
          "it is not known in what state QEMU at " + migration.qmp().endpoint() + " is now");
    }
  }

  private void putBack(TemporarySettings settings) {
    try {
      settings.putBack();
    } catch (QemuGoneException e) {
      listener.note("QEMU is gone, and its migration settings with it");
    } catch (FixedRamException e) {
      listener.warning("QEMU's migration settings could not be put back: " + e.getMessage());
    }
  }

  private ModeChoice choose(TemporarySettings settings, MemoryLoader inPlace) {
    try {
      ModeObstacles obstacles =
          ModeObstacles.of(
              save, settings.capabilities(), migration, inPlace, request.verifiesFirst());
      ModeChoice choice =
          ModeChoice.choose(request.mode(), start, save, obstacles, migration.qmp().version());
      if (choice.mode() != RestoreMode.MEMORY) {
        inPlace.close();
      }
      return choice;
    } catch (RuntimeException | Error e) {
      inPlace.close();
      throw e;
    }
  }

  private Loader loader(RestoreMode mode, MemoryLoader inPlace) {
    return switch (mode) {
      case LAZY ->
          new LazyLoader(
              save, destination, view, listener, cancellation, guest, gate, this::runsWhileServed);
      case MEMORY -> {
        inPlace.find();
        yield inPlace;
      }
      case NATIVE -> new NativeLoader(save, migration);
      case AUTO, INSTANT, STREAM ->
          new StreamLoader(pages(), destination, view.counters(), cancellation);
    };
  }

  /** The pages of blocks that QEMU has not mapped. */
  private PageSource pages() {
    return start.instant().isPresent() ? save.without(start.instant().get().mapped()) : save;
  }

  private boolean ignoreShared() {
    return save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED);
  }

  private void enter(RestoreState next) {
    state = next;
    progress.enter(next);
  }

  private void runsWhileServed() {
    view.serving(OptionalDouble.of((guest.settledNanos().orElseThrow() - incomingNanos) / 1e9));
    enter(RestoreState.RUNNING);
  }

  /**
   * Returns when the guest has all pages and is in the requested state, or has ended in an orderly
   * way.
   */
  private void load(Loader loader) {
    try {
      feed(loader);
      if (!ended && !loader.isConfirmedLoaded()) {
        view.phase("waiting for QEMU");
        arrival.await(loader);
      }
    } catch (QemuGoneException e) {
      ended = guest.hasEndedInGoodOrder();
      if (!ended) {
        cancellation.throwIfCancelled();
        throw explained(destination.gone("while it loaded " + save.name()), e);
      }
    }
  }

  private void feed(Loader loader) {
    boolean begun = false;
    try {
      loader.start();
      begun = true;
      loader.feed();
    } catch (StorageException e) {
      heedUnlessServed(loader);
      Optional<FixedRamException> reason = reasonFor(e);
      if (reason.isPresent()) {
        heedUnlessServed(loader);
        throw begun ? loader.abandon(reason.get()) : reason.get();
      }
    }
  }

  /**
   * Throws if cancelled, unless pages are served: a guest that may run with a part of its memory
   * must be stopped first.
   */
  private void heedUnlessServed(Loader loader) {
    if (!loader.postcopyRam()) {
      cancellation.throwIfCancelled();
    }
  }

  /**
   * The reason why a connection has broken, from QEMU if possible.
   *
   * @return the reason; empty if QEMU has loaded everything, or has ended in an orderly way
   * @throws FixedRamException if the guest is lost and has not run
   */
  private Optional<FixedRamException> reasonFor(StorageException failure) {
    MigrationState now;
    try {
      now = stateOnceOver();
    } catch (CancelledException e) {
      throw e;
    } catch (QemuGoneException e) {
      ended = guest.hasEndedInGoodOrder();
      return ended
          ? Optional.empty()
          : noGuest(explained(destination.gone("while it loaded " + save.name()), failure));
    } catch (FixedRamException e) {
      // QEMU does not answer or its answer is invalid; the guest must be stopped nevertheless.
      return Optional.of(
          new FixedRamException(failure.getMessage() + ", and " + e.getMessage(), failure));
    }
    if (now.is("completed")) {
      return Optional.empty();
    }
    return now.is("failed")
        ? noGuest(explained(arrival.refused(now), failure))
        : Optional.of(failure);
  }

  private MigrationState stateOnceOver() {
    QemuMigration asking = migration.cleaningUp(REASON_TIME).within(ANSWER_TIME);
    long until = System.nanoTime() + REASON_TIME.toNanos();
    MigrationState now = asking.state();
    while (!now.isOver() && System.nanoTime() < until) {
      guest.takeEvents(POLL_TIME);
      now = asking.state();
    }
    return now;
  }

  /**
   * Throws the reason if the guest has not run; otherwise returns it, since the guest must be
   * handled first.
   */
  private Optional<FixedRamException> noGuest(FixedRamException reason) {
    if (state == RestoreState.LOADING) {
      throw reason;
    }
    return Optional.of(reason);
  }

  private static FixedRamException explained(
      FixedRamException reason, FixedRamException consequence) {
    reason.addSuppressed(consequence);
    return reason;
  }

  private RestoreReport report(ModeChoice choice, OptionalLong presentBytes) {
    if (!ended) {
      cleanup.attempt(() -> view.resident((System.nanoTime() - incomingNanos) / 1e9));
    }
    long settledNanos = guest.settledNanos().orElseGet(System::nanoTime);
    return new RestoreReport(
        choice.mode(),
        choice.why().sentence(),
        choice.obstacles(),
        guest.settledState(),
        save.header().blocks().totalBytes(),
        presentBytes.orElseGet(view.counters()::dataBytes),
        (System.nanoTime() - startNanos) / 1e9,
        (settledNanos - startNanos) / 1e9,
        (settledNanos - incomingNanos) / 1e9,
        (settledNanos - waitingNanos) / 1e9,
        request.verifiesFirst() || (save.seal().isPresent() && isReadHere(choice.mode())),
        save.seal().map(SaveSeal::signature).orElse(SaveSeal.Signature.NONE),
        view.serving(),
        disks,
        request.overlays());
  }

  private Set<String> overlays() {
    return request.overlays().stream()
        .map(DiskOverlay::overlay)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether all pages pass through this process, which checks them. */
  private static boolean isReadHere(RestoreMode mode) {
    return mode != RestoreMode.INSTANT && mode != RestoreMode.NATIVE;
  }
}
