// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.os.HostMemory;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.save.MemoryPasses.Pass;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Saves a guest that runs meanwhile, by reading its memory where it lies: all of it while the guest
 * runs, once or twice; then, while it stands still, the devices' state and all memory once more, of
 * which only pages that changed go to the file. They are copied aside where there is room, so that
 * the guest goes on when they are read. What the guest changes when is nobody's word: it is seen by
 * the pages' fingerprints.
 */
final class LiveTransfer {
  /** Read before the stop, to see how fast that is and how much has changed. */
  private static final long SAMPLE_BYTES = 64L << 20;

  private final SaveRequest request;
  private final QemuMemory memory;
  private final GuestHold hold;
  private final QmpClient qmp;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;

  LiveTransfer(
      SaveRequest request,
      QemuMemory memory,
      GuestHold hold,
      QmpClient qmp,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.request = request;
    this.memory = memory;
    this.hold = hold;
    this.qmp = qmp;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /**
   * Sends the guest to a sink, and lets it go on if it is to.
   *
   * @param before what the guest did before
   * @throws FixedRamException if it can't be read, was changed by others, or the sink fails, which
   *     may be when the guest goes on already
   */
  SaveOutcome run(SaveSink sink, GuestStatus before) {
    PageStore store = memory.store(Optional.empty());
    CountingSink counted = new CountingSink(sink, view.counters(), cancellation);
    counted.begin(store.header());
    view.phase("saving live");
    listener.started(view);
    try (MemoryPasses passes = new MemoryPasses(store, view.counters(), cancellation)) {
      PageSink locked = new LockedPages(sink);
      Pass first = passes.all(() -> locked);
      Stop stop = expect(passes, first);
      if (stop.isWorthAnotherPass()) {
        var _ = passes.all(() -> locked);
        stop = expect(passes, first);
      }
      Duration predicted = stop.downtime();
      listener.note(stop.sentence());
      request.maxDowntime().ifPresent(limit -> requireWithin(limit, predicted));
      hold.arm(request.qmp(), memory);
      view.phase("reading the stopped guest");
      if (stop.asideBytes() == 0) {
        return finish(passes, counted, () -> locked, () -> {}, before, stop.downtime());
      }
      try (CopyAside copy =
          new CopyAside(sink, store.header().blocks(), stop.asideBytes(), cancellation)) {
        return finish(passes, counted, copy::lane, copy::finish, before, stop.downtime());
      }
    }
  }

  /**
   * What is expected of the stop.
   *
   * @param sample what was read to know
   * @param asideBytes room that there is going to be for what changed
   * @param downtime how long the guest is going to stand still
   * @param unchanged how long if nothing had changed
   */
  private record Stop(Pass sample, long asideBytes, Duration downtime, Duration unchanged) {
    /**
     * Whether another pass before it would shorten it: what changed makes it twice as long as it
     * must be, and the guest does not write to most of its memory in the time of a pass.
     */
    boolean isWorthAnotherPass() {
      return downtime.compareTo(unchanged.multipliedBy(2)) > 0
          && sample.changedOfAll() < sample.contentBytes() / 2;
    }

    String sentence() {
      return String.format(
          Locale.ROOT,
          "the guest is going to stand still for about %.3f s: of %d MiB that may have content %d"
              + " MiB have changed, and there is room to copy %d MiB aside",
          downtime.toNanos() / 1e9,
          sample.contentBytes() >> 20,
          sample.changedOfAll() >> 20,
          asideBytes >> 20);
    }
  }

  /**
   * Refuses a stop that is expected to be longer than was asked for, before anything is stopped.
   */
  private static void requireWithin(Duration limit, Duration predicted) {
    if (predicted.compareTo(limit) > 0) {
      throw new FixedRamException(
          String.format(
              Locale.ROOT,
              "the guest would stand still for about %.3f s, more than the %.3f s that it may",
              predicted.toNanos() / 1e9,
              limit.toNanos() / 1e9),
          Remedy.SAVE_BY_STREAM);
    }
  }

  private Stop expect(MemoryPasses passes, Pass first) {
    Pass sample = passes.sample(SAMPLE_BYTES);
    int threads = passes.threads();
    long aside =
        AsideBudget.bytes(request.asideBytes(), sample.changedOfAll(), threads, HostMemory.now());
    double disk = first.changedBytes() / (first.elapsed().toNanos() / 1e9);
    int processors = qmp.execute("query-cpus-fast").items().size();
    return new Stop(
        sample,
        aside,
        DowntimePrediction.of(sample, threads, processors, aside, disk),
        DowntimePrediction.of(sample.withChanges(0), threads, processors, aside, disk));
  }

  /**
   * All that is done while the guest stands still, and what is left when it goes on.
   *
   * @param targets where changed pages go
   * @param arrived returns when they are there
   */
  private SaveOutcome finish(
      MemoryPasses passes,
      SaveSink sink,
      Supplier<? extends PageSink> targets,
      Runnable arrived,
      GuestStatus before,
      Duration predicted) {
    boolean ours = hold.stop();
    String still = hold.begin();
    DeviceState devices = GuestDevices.take(qmp, ours ? before.name() : still);
    memory.checkUnchanged();
    Pass last = passes.all(targets);
    hold.requireStill();
    memory.checkUnchanged();
    boolean resume = ours && request.then() == AfterSave.RESUME;
    Optional<FixedRamException> resumeFailure = resume ? hold.resume() : Optional.empty();
    Duration downtime = hold.length();
    if (resume && resumeFailure.isEmpty()) {
      hold.end();
    }
    listener.note(
        String.format(
            Locale.ROOT,
            "it stood still for %.3f s: %d MiB were read in %.3f s, of which %d MiB had changed",
            downtime.toNanos() / 1e9,
            last.readBytes() >> 20,
            last.looked().plus(last.elapsed()).toNanos() / 1e9,
            last.changedBytes() >> 20));
    view.phase("writing what changed");
    arrived.run();
    sink.end(devices);
    return new SaveOutcome(
        passes.passes(), downtime, Optional.of(predicted), resume, resumeFailure);
  }
}
