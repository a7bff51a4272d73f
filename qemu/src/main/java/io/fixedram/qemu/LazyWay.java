// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.file.FixedSave;
import io.fixedram.file.HotFile;
import io.fixedram.file.HotPages;
import io.fixedram.file.SaveHold;
import io.fixedram.os.Cancellation;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import io.fixedram.pageserver.PageServer;
import io.fixedram.qemu.qmp.QemuGoneException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The guest runs before its memory has come: QEMU is told the end of a postcopy migration, and its
 * pages are served from the save. Until all have arrived the guest depends on us, so that whatever
 * goes wrong has it stopped before its pages stop coming: CPUs that wait for a page can't stop.
 */
final class LazyWay implements IncomingWay {
  /** What QEMU may take to stop a guest whose pages still come. */
  private static final Duration STOP_TIME = Duration.ofSeconds(5);

  /** How long QEMU gets to take notice of a stop before pages that can't be read go as zeros. */
  private static final Duration NOTICE_TIME = Duration.ofMillis(200);

  private final FixedSave save;
  private final Destination destination;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final Runnable meanwhile;

  /** Ends the serving, which must come after the guest was stopped. */
  private final Cancellation serving = new Cancellation();

  private final CountDownLatch stopped = new CountDownLatch(1);
  private final SaveHold hold;
  private final HotFile hotFile;
  private final HotPages hot;
  private final PageServer server;
  private volatile Optional<FixedRamException> unreadable = Optional.empty();
  private Optional<UnixSocket> connection = Optional.empty();

  /**
   * Prepares.
   *
   * @param meanwhile is run again and again in the calling thread while pages are served; looks
   *     after the guest, for some milliseconds at a time
   */
  LazyWay(
      FixedSave save,
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
    this.hold = SaveHold.take(save);
    this.hotFile = HotFile.of(save);
    this.hot = loadHot();
    this.server = new PageServer(save, hold, hot, view.faults(), this::unreadable);
  }

  private HotPages loadHot() {
    try {
      return hotFile.load();
    } catch (FixedRamException e) {
      listener.note(String.valueOf(e.getMessage()));
      return new HotPages();
    }
  }

  private void storeHot() {
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
    try (Cancellation.Registration _ = cancellation.onCancel(this::giveUp);
        Cancellation.Registration _ = cancellation.refuseOnce(this::refuse)) {
      while (!served.isDone()) {
        meanwhile.run();
      }
    } catch (QemuGoneException e) {
      // One that we ended ourselves is not missed.
      if (unreadable.isEmpty()) {
        throw e;
      }
    } finally {
      serving.cancel();
      Threads.joinUninterruptibly(thread);
    }
    unreadable.ifPresent(this::stopForGood);
    outcome(served);
    storeHot();
  }

  /** Makes sure that a guest that lacks pages does not run. */
  private void stopForGood(FixedRamException reason) {
    cancellation.throwIfCancelled();
    String sentence = String.valueOf(reason.getMessage());
    if (destination.process().isEmpty()) {
      sentence += leaveStopped();
    }
    throw reason instanceof DamagedSaveException
        ? new DamagedSaveException(sentence)
        : new FixedRamException(sentence, reason);
  }

  private String leaveStopped() {
    Migration migration = new Migration(destination.qmp()).within(STOP_TIME);
    try {
      migration.stopGuest();
      return "; the guest in QEMU at "
          + destination.qmp().endpoint()
          + " is stopped and must not go on, since pages are missing from its memory: end that"
          + " QEMU";
    } catch (QemuGoneException e) {
      return "; QEMU has ended";
    } catch (FixedRamException e) {
      listener.note("the guest could not be stopped: " + e.getMessage());
      return quit();
    }
  }

  private String quit() {
    try {
      destination.qmp().execute("quit");
      return "; QEMU was told to end, since its guest could not be stopped";
    } catch (FixedRamException e) {
      return "; its guest could not be stopped, and QEMU does not answer: kill it";
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

  private void outcome(CompletableFuture<Void> served) {
    try {
      served.join();
    } catch (CompletionException e) {
      cancellation.throwIfCancelled();
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  private void refuse() {
    listener.warning(
        "the guest still needs pages of "
            + save.path()
            + ", so this goes on until all have arrived; interrupt once more to give the guest up");
  }

  private void unreadable(FixedRamException reason) {
    unreadable = Optional.of(reason);
    listener.warning(reason.getMessage() + "; stopping the guest");
    Thread.ofPlatform().daemon().name("stopping the guest").start(this::stopAfterFailure);
    try {
      var _ = stopped.await(NOTICE_TIME.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void stopAfterFailure() {
    stopGuest();
    stopped.countDown();
    if (destination.process().isPresent()) {
      endOwnQemu();
    }
  }

  /** In this order: without its pages, QEMU would take its time to end. */
  private void endOwnQemu() {
    destination.abandon();
    serving.cancel();
  }

  private void stopGuest() {
    try {
      new Migration(destination.qmp()).within(STOP_TIME).stopGuest();
    } catch (FixedRamException e) {
      listener.note("the guest could not be stopped: " + e.getMessage());
    }
  }

  /** The user insists. Pages come until the guest is stopped: without them it could not be. */
  private void giveUp() {
    stopGuest();
    endOwnQemu();
    if (destination.process().isEmpty()) {
      listener.warning(
          "the guest in QEMU at "
              + destination.qmp().endpoint()
              + " is stopped with only a part of its memory: end that QEMU");
    }
  }

  @Override
  public void close() {
    connection.ifPresent(UnixSocket::close);
    hold.close();
  }
}
