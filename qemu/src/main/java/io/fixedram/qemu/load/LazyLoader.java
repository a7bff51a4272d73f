// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.mapping.SaveHold;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import io.fixedram.pageserver.HotFile;
import io.fixedram.pageserver.HotPages;
import io.fixedram.pageserver.Lifeline;
import io.fixedram.pageserver.PageServer;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Loader of restore mode lazy: the guest runs before its memory is loaded. QEMU is the destination
 * of a postcopy migration, and its pages are served from the save. Until all have arrived the guest
 * depends on this process; on a failure it is stopped before serving ends, since vCPUs that wait
 * for a page can't stop.
 */
public final class LazyLoader implements Loader, Lifeline {
  private static final long WATCH_NANOS = 1_000_000_000;
  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /**
   * Poll interval until the guest runs, since a guest that was saved while stopped waits for a
   * cont.
   */
  private static final Duration SHORT_POLL_TIME = Duration.ofMillis(1);

  private final PageStore save;
  private final Destination destination;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final IncomingGuest guest;
  private final Runnable whenRunning;

  /** Ends the serving; to be cancelled only after the guest was stopped. */
  private final Cancellation serving = new Cancellation();

  private final GuestStop stop;

  /** Only of a save that is a local file. */
  private final Optional<SaveHold> hold;

  /** Only of a save that is a local file. */
  private final Optional<HotFile> hotFile;

  private final HotPages hot;
  private final PageServer server;
  private volatile Optional<Throwable> failure = Optional.empty();
  private Optional<UnixSocket> connection = Optional.empty();
  private Optional<Throwable> attendFailure = Optional.empty();
  private long watchedNanos = System.nanoTime();
  private boolean replaced;
  private boolean confirmed;

  /**
   * Prepares to serve a save that has random access. A save that is a local file is held meanwhile,
   * and its hot pages are kept beside it.
   *
   * @param guest the guest to control while pages are served
   * @param gate shut once the guest must not run
   * @param whenRunning run once the guest is known to run
   */
  public LazyLoader(
      PageStore save,
      Destination destination,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation,
      IncomingGuest guest,
      RunGate gate,
      Runnable whenRunning) {
    this.save = save;
    this.destination = destination;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
    this.guest = guest;
    this.whenRunning = whenRunning;
    this.stop = new GuestStop(destination, gate, serving::cancel);
    this.hotFile = save.localFile().map(file -> HotFile.of(file, save.header().blocks()));
    this.hot = loadHot();
    save.state().throwIfChanged(save.name());
    this.hold = save.localFile().map(SaveHold::take);
    try {
      this.server = new PageServer(save, hot, view.faults(), this, needsZeros(destination));
    } catch (RuntimeException | Error e) {
      hold.ifPresent(SaveHold::close);
      throw e;
    }
  }

  /**
   * Whether QEMU needs zero pages that it does not request. A thread that waits for a page at the
   * end of the stream is woken when QEMU unregisters userfaultfd (UFFDIO_UNREGISTER), and reads
   * zeros. Up to 10.0 the thread that reads the stream does this; later versions leave it to the
   * main thread, which may itself be waiting. (Verified with QEMU 7.2.22 and 10.0.2;
   * migration/postcopy-ram.c of 10.2.)
   */
  private static boolean needsZeros(Destination destination) {
    return destination.qmp().version().isAtLeast(10, 1);
  }

  private HotPages loadHot() {
    try {
      return hotFile.map(HotFile::load).orElseGet(HotPages::new);
    } catch (FixedRamException e) {
      listener.note(String.valueOf(e.getMessage()));
      return new HotPages();
    }
  }

  /**
   * Stores the hot pages of a local file, unless its name is that of another file by now. The guest
   * has all its pages, so no failure is one of the restore.
   */
  private void storeHot() {
    try {
      warnIfReplaced();
      if (!replaced) {
        hotFile.ifPresent(file -> file.store(hot));
      }
    } catch (FixedRamException e) {
      listener.note("the hot pages could not be stored: " + e.getMessage());
    } catch (RuntimeException | Error e) {
      listener.note("the hot pages could not be stored: " + e);
    }
  }

  @Override
  public boolean mappedRam() {
    return false;
  }

  @Override
  public boolean postcopyRam() {
    return true;
  }

  @Override
  public void start() {
    connection = Optional.of(IncomingSocket.open(destination));
  }

  @Override
  public void feed() {
    view.phase("serving pages");
    view.serving(OptionalDouble.empty());
    CompletableFuture<Void> served = new CompletableFuture<>();
    Thread thread = Thread.ofPlatform().daemon().name("page server").start(() -> serve(served));
    // The refusal is removed last: as long as the guest can be given up here, a first request is
    // refused.
    try (Cancellation.Registration _ = cancellation.refuseOnce(this::refuse);
        Cancellation.Registration _ = cancellation.onCancel(stop::begin)) {
      attendFailure = attend(served);
      Threads.joinUninterruptibly(thread);
    }
    if (cancellation.isCancelled() && served.isCompletedExceptionally()) {
      // The cancellation came after onCancel was removed. A guest that has all its pages runs on.
      stop.begin();
    }
    if (stop.hasBegun()) {
      throw givenUp();
    }
    outcome(served);
    confirmed = true;
    storeHot();
  }

  /**
   * Controls the guest until it has all its pages or is being stopped.
   *
   * @return the failure if that was not possible; pages are still served, since the guest needs
   *     them
   */
  // A failure here must not end the guest.
  @SuppressWarnings("CatchThrowable")
  private Optional<Throwable> attend(CompletableFuture<Void> served) {
    try {
      boolean running = false;
      while (!served.isDone() && !stop.hasBegun()) {
        guest.takeEvents(guest.isSettled() ? POLL_TIME : SHORT_POLL_TIME);
        if (!guest.isSettled()) {
          guest.attend();
        }
        if (guest.isSettled() && !running) {
          running = true;
          whenRunning.run();
          server.guestRuns();
        }
        watchSave();
      }
      return Optional.empty();
    } catch (Throwable e) {
      return Optional.of(e);
    }
  }

  private void watchSave() {
    long now = System.nanoTime();
    if (now - watchedNanos > WATCH_NANOS) {
      watchedNanos = now;
      try {
        warnIfReplaced();
      } catch (FixedRamException e) {
        listener.note("the name of the save can't be looked at: " + e.getMessage());
      }
    }
  }

  private void warnIfReplaced() {
    if (!replaced && hold.filter(SaveHold::replaced).isPresent()) {
      replaced = true;
      listener.warning(
          save.name()
              + " was renamed, replaced or deleted while the guest needed its pages; the file stays on disk until"
              + " all have arrived");
    }
  }

  // The thread that waits for this one reports failures.
  @SuppressWarnings("CatchThrowable")
  private void serve(CompletableFuture<Void> served) {
    try {
      server.serve(connection.orElseThrow(), view.counters(), serving);
      served.complete(null);
    } catch (Throwable e) {
      served.completeExceptionally(e);
    }
  }

  private static void outcome(CompletableFuture<Void> served) {
    try {
      served.join();
    } catch (CompletionException e) {
      throw unchecked(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Whether QEMU has confirmed that it has all pages and the guest was seen to run. */
  @Override
  public boolean isConfirmedLoaded() {
    boolean runs = attendFailure.isPresent() && guest.hasResumed();
    boolean seen = confirmed && (guest.isSettled() || runs);
    if (attendFailure.isPresent() && !seen) {
      throw unseen(attendFailure.get());
    }
    if (attendFailure.isPresent() && !guest.hasEndedInGoodOrder()) {
      listener.warning(
          sentence(attendFailure.get())
              + "; all pages of "
              + save.name()
              + " have reached the guest, which ran when it was last seen");
    }
    return seen;
  }

  private RuntimeException unseen(Throwable reason) {
    if (destination.process().isPresent() || !(reason instanceof FixedRamException)) {
      return unchecked(reason);
    }
    return new FixedRamException(
        reason.getMessage()
            + "; all pages of "
            + save.name()
            + " have reached the guest in QEMU at "
            + destination.qmp().endpoint()
            + ", but it is not known whether it runs",
        reason);
  }

  /** Stops the guest, whose missing pages can't be served any more. */
  @Override
  public RuntimeException abandon(FixedRamException reason) {
    if (destination.process().filter(process -> !process.isAlive()).isPresent()) {
      return reason;
    }
    if (failure.isEmpty()) {
      failure = Optional.of(reason);
    }
    stop.begin();
    return givenUp();
  }

  private static RuntimeException unchecked(Throwable failure) {
    return switch (failure) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException(failure);
    };
  }

  private void refuse() {
    listener.warning(
        "the guest still needs pages of "
            + save.name()
            + ", so the request to end was refused; a second request stops the guest");
  }

  @Override
  public void failed(Throwable reason) {
    failure = Optional.of(reason);
    stop.begin();
    listener.warning(sentence(reason) + "; stopping the guest");
  }

  @Override
  public void awaitStop() {
    stop.await();
  }

  private static String sentence(Throwable reason) {
    return reason instanceof FixedRamException known
        ? String.valueOf(known.getMessage())
        : "pages can't be served (" + reason + ")";
  }

  /** The reason why the guest was stopped, with what happened to it. */
  private RuntimeException givenUp() {
    String state = stop.outcome();
    if (cancellation.isCancelled()) {
      listener.warning("the restore was cancelled: " + state);
      return new CancelledException();
    }
    Throwable reason = failure.orElseThrow();
    return switch (reason) {
      case DamagedSaveException e -> new DamagedSaveException(e.getMessage() + "; " + state);
      case FixedRamException e -> new FixedRamException(e.getMessage() + "; " + state, e);
      default -> {
        listener.warning(state);
        yield unchecked(reason);
      }
    };
  }

  @Override
  public void close() {
    connection.ifPresent(UnixSocket::close);
    hold.ifPresent(SaveHold::close);
  }
}
