// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.Cancellation;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Brings a saved guest back in a QEMU that waits for an incoming migration. QEMU's migration
 * settings end as they were, and the guest runs or not as asked for, whether or not it ran when it
 * was saved.
 */
public final class GuestRestore {
  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /** While a guest that was stopped when it was saved waits for us to let it run. */
  private static final Duration SHORT_POLL_TIME = Duration.ofMillis(1);

  /** How long to wait for an answer that can come later as well. */
  private static final Duration ANSWER_TIME = Duration.ofSeconds(1);

  /** What QEMU gets for each setting that is put back after a failure. */
  private static final Duration LAST_TIME = Duration.ofSeconds(5);

  /** How long after a broken connection QEMU may take to say why. */
  private static final Duration REASON_TIME = Duration.ofSeconds(2);

  private final RestoreRequest request;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final PageStore save;
  private final RestoreStart start;
  private final Destination destination;
  private final QemuMigration migration;
  private final long startNanos;
  private final LiveView view = new LiveView(new TransferCounters(), "loading");
  private OptionalLong resumedNanos = OptionalLong.empty();
  private OptionalLong settledNanos = OptionalLong.empty();

  /** What the guest is left in, QEMU's RunState. */
  private String guestState = "running";

  private final OrderlyEnd orderlyEnd = new OrderlyEnd();

  /** Whether QEMU was told to hold back the guest that it waits for. */
  private boolean heldBack;

  /** Whether QEMU has ended so before all pages had been served. */
  private boolean ended;

  private long incomingNanos;

  private GuestRestore(
      RestoreRequest request,
      TransferListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      Destination destination,
      long startNanos) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
    this.save = save;
    this.start = start;
    this.destination = destination;
    this.migration = new QemuMigration(destination.qmp());
    this.startNanos = startNanos;
  }

  /**
   * Restores a guest. Returns when it is loaded, and runs if it is to.
   *
   * @throws FixedRamException if the save cannot be read, does not fit the QEMU, or is not taken by
   *     it; a QEMU that was started for it has then been ended
   */
  public static RestoredGuest run(
      RestoreRequest request, TransferListener listener, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    try (PageStore save = Saves.open(request.file())) {
      if (save.isRandomAccess()) {
        // Fails for an incomplete file before a QEMU is started for it.
        save.deviceState();
      }
      RestoreStart start = RestoreStart.of(request, save, listener);
      try {
        return run(request, listener, cancellation, save, start, startNanos);
      } catch (NotInstantException e) {
        start.close();
        cancellation.throwIfCancelled();
        listener.warning(e.sentence() + "; starting the command as it is");
        return run(request, listener, cancellation, save, start.without(e.sentence()), startNanos);
      } catch (RuntimeException | Error e) {
        start.close();
        throw e;
      }
    }
  }

  /** Tries once; throws a {@link NotInstantException} if another try may go another way. */
  private static RestoredGuest run(
      RestoreRequest request,
      TransferListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      long startNanos) {
    try (Destination destination = open(request, listener, cancellation, start)) {
      try {
        confirm(request, start, destination, cancellation);
        RestoreReport report =
            new GuestRestore(request, listener, cancellation, save, start, destination, startNanos)
                .restore();
        return new RestoredGuest(
            report, destination.process(), start.instant().map(InstantStart::hold), listener);
      } catch (RuntimeException | Error e) {
        destination.abandon(e);
        throw e;
      }
    }
  }

  private static Destination open(
      RestoreRequest request,
      TransferListener listener,
      Cancellation cancellation,
      RestoreStart start) {
    try {
      return Destination.open(
          start.target(), request.detach(), start.shielded(), listener, cancellation);
    } catch (CancelledException | QemuLeftException e) {
      throw e;
    } catch (FixedRamException e) {
      cancellation.throwIfCancelled();
      throw start.instant().isPresent() ? withoutMapping(request, e) : e;
    }
  }

  private static void confirm(
      RestoreRequest request,
      RestoreStart start,
      Destination destination,
      Cancellation cancellation) {
    try {
      start.instant().ifPresent(instant -> instant.confirm(destination.qmp()));
    } catch (QemuGoneException e) {
      cancellation.throwIfCancelled();
      throw withoutMapping(request, destination.gone("as soon as it had started"));
    } catch (FixedRamException e) {
      throw withoutMapping(request, e);
    }
  }

  /** What a QEMU that does not come up with mappings means: its command as it is may do. */
  private static FixedRamException withoutMapping(RestoreRequest request, FixedRamException e) {
    String sentence =
        "QEMU did not come up with mappings of " + request.file() + " as RAM: " + e.sentence();
    return request.via() == RestoreVia.AUTO
        ? new NotInstantException(sentence)
        : new FixedRamException(sentence + "; --via stream starts the command as it is", e);
  }

  private RestoreReport restore() {
    new IncomingChecks(migration, save).run();
    MigrationSettings settings = new MigrationSettings(migration.qmp());
    start.instant().ifPresent(instant -> instant.handOver(migration.qmp()));
    IncomingWays.Choice choice = choose(settings);
    listener.note("restoring --via " + choice.via().text() + ": " + choice.why());
    destination.process().ifPresent(process -> tellOfSignals(process, choice.via()));
    try (IncomingWay way = way(choice.via())) {
      change(settings, way);
      if (request.paused() || way.holdsGuestBack()) {
        // While it waits for a guest, this tells QEMU not to let it run once it is there.
        heldBack = true;
        migration.stopGuest();
      }
      listener.started(view);
      incomingNanos = System.nanoTime();
      load(way);
      if (ended) {
        listener.note("the guest has ended before all of its memory had arrived");
        return report(choice, settledNanos.orElseGet(System::nanoTime));
      }
      way.loaded();
      long runningNanos = settledNanos.orElseGet(this::settle);
      settings.putBack();
      return report(choice, runningNanos);
    } catch (RuntimeException | Error e) {
      putBackAfter(e, settings);
      if (heldBack && destination.process().isEmpty()) {
        letNextGuestRun(e);
      }
      throw e;
    }
  }

  private void tellOfSignals(QemuProcess process, RestoreVia via) {
    if (via == RestoreVia.LAZY && process.terminal() == QemuProcess.Terminal.HEARD) {
      listener.warning(
          "Ctrl-C on this terminal ends QEMU too, while its guest still needs pages: nothing here can"
              + " keep it from that, which takes 'env --block-signal' of GNU coreutils 8.31");
    } else if (via != RestoreVia.LAZY && process.terminal() == QemuProcess.Terminal.BLOCKED) {
      listener.note(
          "QEMU was started with SIGINT and SIGHUP blocked, for its guest might have been served"
              + " pages: interrupt this program, or send QEMU SIGTERM, to end it");
    }
  }

  /** A QEMU that still waits is told not to hold the next guest back. */
  private void letNextGuestRun(Throwable failure) {
    try {
      if (migration.within(ANSWER_TIME).guest().is("inmigrate")) {
        migration.within(ANSWER_TIME).letRun();
      }
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
    }
  }

  private IncomingWays.Choice choose(MigrationSettings settings) {
    if (start.instant().isPresent()) {
      return new IncomingWays.Choice(
          RestoreVia.INSTANT,
          request.via() == RestoreVia.INSTANT
              ? "asked for"
              : "the guest's RAM can be a mapping of the file");
    }
    IncomingWays.Choice other =
        IncomingWays.choose(request.via(), save, settings.capabilities(), migration);
    return start
        .notInstant()
        .map(reason ->
            new IncomingWays.Choice(other.via(), other.why() + " (not instant: " + reason + ")"))
        .orElse(other);
  }

  private IncomingWay way(RestoreVia via) {
    return switch (via) {
      case LAZY ->
          new LazyWay(
              save,
              save.localFile().orElseThrow(),
              destination,
              view,
              listener,
              cancellation,
              this::settleOnceLoaded);
      case NATIVE -> new NativeWay(save, migration);
      case AUTO, INSTANT, STREAM ->
          new StreamWay(pages(), destination, view.counters(), cancellation);
    };
  }

  /** All pages that QEMU has not mapped. */
  private PageSource pages() {
    return start.instant().isPresent() ? save.without(start.instant().get().mapped()) : save;
  }

  /** In this order because QEMU refuses parameters that it takes mapped-ram not to go with. */
  private void change(MigrationSettings settings, IncomingWay way) {
    boolean ignoreShared =
        save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED);
    settings.setPlainStream();
    settings.setParameter("direct-io", false);
    settings.setCapabilities(
        Map.of(
            "events",
            true,
            "mapped-ram",
            way.mappedRam(),
            "postcopy-ram",
            way.postcopyRam(),
            Configuration.X_IGNORE_SHARED,
            ignoreShared));
  }

  private void load(IncomingWay way) {
    try {
      way.start();
      way.feed();
      view.phase("waiting for QEMU");
      awaitLoaded();
    } catch (QemuGoneException e) {
      cancellation.throwIfCancelled();
      if (hasEndedInGoodOrder()) {
        return;
      }
      throw explained(destination.gone("while it loaded " + request.file()), e);
    } catch (StorageException e) {
      cancellation.throwIfCancelled();
      FixedRamException reason = reasonFor(e);
      if (hasEndedInGoodOrder()) {
        return;
      }
      throw reason;
    }
  }

  /** A guest whose pages are served runs, so that it may shut down meanwhile. */
  private boolean hasEndedInGoodOrder() {
    try {
      takeEvents(Duration.ZERO);
    } catch (QemuGoneException e) {
      ended = orderlyEnd.announced() && settledNanos.isPresent();
    }
    return ended;
  }

  private void awaitLoaded() {
    MigrationState state = migration.state();
    while (!state.is("completed")) {
      cancellation.throwIfCancelled();
      if (state.is("failed")) {
        throw refused(state);
      }
      takeEvents(POLL_TIME);
      state = migration.state();
    }
    takeEvents(Duration.ZERO);
  }

  private void takeEvents(Duration patience) {
    Optional<QmpEvent> event = migration.qmp().nextEvent(patience);
    while (event.isPresent()) {
      if (event.get().name().equals("RESUME")) {
        resumedNanos = OptionalLong.of(event.get().receivedNanos());
      }
      orderlyEnd.take(event.get().name());
      event = migration.qmp().nextEvent(Duration.ZERO);
    }
  }

  private FixedRamException refused(MigrationState state) {
    return new FixedRamException(
        "QEMU could not load "
            + request.file()
            + ": "
            + state.reason()
            + "; its own output may say more");
  }

  /** A connection that breaks is the consequence of something that QEMU knows. */
  private FixedRamException reasonFor(StorageException failure) {
    long until = System.nanoTime() + REASON_TIME.toNanos();
    try {
      do {
        MigrationState state = migration.state();
        if (state.is("failed")) {
          return explained(refused(state), failure);
        }
        takeEvents(POLL_TIME);
      } while (System.nanoTime() < until);
      return failure;
    } catch (QemuGoneException e) {
      return explained(destination.gone("while it loaded " + request.file()), failure);
    }
  }

  private static FixedRamException explained(
      FixedRamException reason, FixedRamException consequence) {
    reason.addSuppressed(consequence);
    return reason;
  }

  /** Lets the guest run or not, as asked for; the time from which that has been so. */
  private long settle() {
    return settle(migration.guest());
  }

  private long settle(GuestStatus guest) {
    if (request.paused()) {
      if (guest.running()) {
        migration.stopGuest();
      }
      guestState = guest.running() ? "paused" : guest.name();
      return System.nanoTime();
    }
    if (guest.isHeldByItself()) {
      guestState = guest.name();
      listener.warning(
          request.file()
              + " is loaded, and its guest in the state '"
              + guest.name()
              + "': "
              + guest.remedy());
      return System.nanoTime();
    }
    guestState = "running";
    if (!guest.running()) {
      try {
        migration.letRun();
      } catch (FixedRamException e) {
        throw new FixedRamException(
            "the guest is loaded but cannot run: " + e.getMessage() + " (--paused leaves it so)",
            e);
      }
      resumedNanos = OptionalLong.empty();
    }
    return resumedNanos.orElseGet(System::nanoTime);
  }

  /** While pages are served still: takes events for a while, and lets the guest go on. */
  private void settleOnceLoaded() {
    if (settledNanos.isPresent()) {
      takeEvents(POLL_TIME);
      return;
    }
    takeEvents(SHORT_POLL_TIME);
    Optional<GuestStatus> loaded = guestIfLoaded();
    if (loaded.isPresent()) {
      long runningNanos = settle(loaded.get());
      settledNanos = OptionalLong.of(runningNanos);
      view.serving(OptionalDouble.of((runningNanos - incomingNanos) / 1e9));
    }
  }

  /** QEMU is slow to answer while its main loop waits for a page itself. */
  private Optional<GuestStatus> guestIfLoaded() {
    try {
      return Optional.of(migration.within(ANSWER_TIME).guest())
          .filter(guest -> !guest.is("inmigrate"));
    } catch (QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      return Optional.empty();
    }
  }

  /** A QEMU that is not ours goes on, perhaps to take another save. */
  private static void putBackAfter(Throwable failure, MigrationSettings settings) {
    try {
      settings.putBack(LAST_TIME);
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
    }
  }

  private RestoreReport report(IncomingWays.Choice choice, long runningNanos) {
    long ramBytes = save.header().blocks().totalBytes();
    long pageBytes =
        switch (choice.via()) {
          case NATIVE, INSTANT -> presentBytes();
          case AUTO, LAZY, STREAM -> view.counters().dataBytes();
        };
    return new RestoreReport(
        choice.via(),
        choice.why(),
        guestState,
        ramBytes,
        pageBytes,
        (System.nanoTime() - startNanos) / 1e9,
        (runningNanos - startNanos) / 1e9,
        (runningNanos - incomingNanos) / 1e9,
        view.serving().map(this::serving));
  }

  private ServingReport serving(ServingState state) {
    return new ServingReport(
        ended
            ? OptionalDouble.empty()
            : OptionalDouble.of((System.nanoTime() - incomingNanos) / 1e9),
        state.faults(),
        state.faultMedianSeconds(),
        state.faultP99Seconds(),
        view.faults().total().toNanos() / 1e9);
  }

  private long presentBytes() {
    return SaveInfo.of(save).blocks().stream()
        .mapToLong(block -> block.present() * block.pageSize())
        .sum();
  }
}
