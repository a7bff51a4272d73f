// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.os.Cancellation;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import io.fixedram.pageserver.HotFile;
import io.fixedram.pageserver.HotPages;
import io.fixedram.pageserver.Lifeline;
import io.fixedram.pageserver.PageServer;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveHold;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The guest runs before its memory has come: QEMU is told the end of a postcopy migration, and its
 * pages are served from the save. Until all have arrived the guest depends on us, so that whatever
 * goes wrong has it stopped before its pages stop coming: CPUs that wait for a page can't stop.
 */
final class LazyWay implements IncomingWay, Lifeline {
  private static final long WATCH_NANOS = 1_000_000_000;

  private final PageStore save;
  private final Destination destination;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final Runnable meanwhile;

  /** Ends the serving, which must come after the guest was stopped. */
  private final Cancellation serving = new Cancellation();

  private final GuestStop stop;
  private final SaveHold hold;
  private final HotFile hotFile;
  private final HotPages hot;
  private final PageServer server;
  private volatile Optional<Throwable> failure = Optional.empty();
  private Optional<UnixSocket> connection = Optional.empty();
  private long watchedNanos = System.nanoTime();
  private boolean replaced;
  private boolean running;

  /**
   * Prepares.
   *
   * @param file the save's
   * @param meanwhile is run again and again in the calling thread while pages are served; looks
   *     after the guest, for some milliseconds at a time
   */
  LazyWay(
      PageStore save,
      LocalFile file,
      Destination destination,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation,
      Runnable meanwhile) {
    this.save = save;
    this.destination = destination;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
    this.meanwhile = meanwhile;
    this.stop = new GuestStop(destination, serving::cancel);
    this.hotFile = HotFile.of(file, save.header().blocks());
    this.hot = loadHot();
    this.hold = SaveHold.take(file);
    try {
      this.server = new PageServer(save, hot, view.faults(), this, needsZeros(destination));
    } catch (RuntimeException | Error e) {
      hold.close();
      throw e;
    }
  }

  /**
   * Whether QEMU must get zero pages that nobody asks for. What waits for a page when the stream
   * ends is woken when QEMU gives userfaultfd up (UFFDIO_UNREGISTER), and reads zero. Until 10.0
   * the thread that reads the stream does so; later ones leave it to the main thread, which may
   * itself be what waits. (Tried with QEMU 7.2.22 and 10.0.2; migration/postcopy-ram.c of 10.2.)
   */
  private static boolean needsZeros(Destination destination) {
    return destination.qmp().version().isAtLeast(10, 1);
  }

  private HotPages loadHot() {
    try {
      return hotFile.load();
    } catch (FixedRamException e) {
      listener.note(String.valueOf(e.getMessage()));
      return new HotPages();
    }
  }

  /** Beside the file that was served, not beside one that has taken its name. */
  private void storeHot() {
    warnIfReplaced();
    if (replaced) {
      return;
    }
    try {
      hotFile.store(hot);
    } catch (FixedRamException e) {
      listener.note("what the guest touched first is not remembered: " + e.getMessage());
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
    Optional<Throwable> neglect;
    try (Cancellation.Registration _ = cancellation.onCancel(stop::begin);
        Cancellation.Registration _ = cancellation.refuseOnce(this::refuse)) {
      neglect = attend(served);
      Threads.joinUninterruptibly(thread);
    }
    if (cancellation.isCancelled()) {
      // It may have come while the last page went, and would begin only now.
      stop.begin();
    }
    if (stop.hasBegun()) {
      throw givenUp();
    }
    neglect.ifPresent(reason -> throwNeglect(reason, served));
    outcome(served);
    storeHot();
  }

  /**
   * Looks after the guest until its pages have come, or it is being stopped.
   *
   * @return why that could not be done; pages still come, since the guest needs them all the same
   */
  // What ends this must not end the guest.
  @SuppressWarnings("CatchThrowable")
  private Optional<Throwable> attend(CompletableFuture<Void> served) {
    try {
      while (!served.isDone() && !stop.hasBegun()) {
        stop.unlessBegun(this::lookAfterGuest);
        watchSave();
      }
      return Optional.empty();
    } catch (Throwable e) {
      return Optional.of(e);
    }
  }

  private void lookAfterGuest() {
    meanwhile.run();
    if (!running
        && view.serving().filter(state -> state.runningSeconds().isPresent()).isPresent()) {
      running = true;
      server.guestRuns();
    }
  }

  private void watchSave() {
    long now = System.nanoTime();
    if (now - watchedNanos > WATCH_NANOS) {
      watchedNanos = now;
      warnIfReplaced();
    }
  }

  private void warnIfReplaced() {
    if (!replaced && hold.replaced()) {
      replaced = true;
      listener.warning(
          save.name()
              + " has lost its name while the guest needed its pages; the file stays on disk until"
              + " all have arrived");
    }
  }

  // What ends the thread is told by the one that waits for it.
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

  /** Of QEMU's end, the loss of QMP tells more than that of the connection for pages. */
  private void throwNeglect(Throwable reason, CompletableFuture<Void> served) {
    if (served.isCompletedExceptionally()
        || destination.process().isPresent()
        || !(reason instanceof FixedRamException)) {
      throw unchecked(reason);
    }
    throw new FixedRamException(
        reason.getMessage()
            + "; all pages of "
            + save.name()
            + " have reached the guest in QEMU at "
            + destination.qmp().endpoint()
            + ", but whether it runs is for you to see",
        reason);
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
            + ", so this goes on until all have arrived; interrupt once more to give the guest up");
  }

  @Override
  public void failed(Throwable reason) {
    failure = Optional.of(reason);
    listener.warning(sentence(reason) + "; stopping the guest");
    stop.begin();
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

  /** Why the guest was stopped, with what has become of it. */
  private RuntimeException givenUp() {
    String state = stop.outcome();
    if (cancellation.isCancelled()) {
      listener.warning("the guest was given up: " + state);
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
    hold.close();
  }
}
