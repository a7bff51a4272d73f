// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.os.HostMemory;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.save.MemoryPasses.Pass;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.RamPages;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Saves a running guest in place. All memory is read once or twice while the guest runs. Then the
 * guest is stopped, its device state is taken, and all memory is read again, of which only the
 * pages that have changed are written to the file. They are copied aside if there is memory for
 * that, so that the guest can be resumed as soon as they are read. Changed pages are found by their
 * fingerprints; QEMU's dirty log is not used.
 */
final class LiveTransfer {
  /** Bytes read before the stop to measure the speed of reading and the amount of changes. */
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
   * Sends the guest to a sink, and resumes it if requested.
   *
   * @param before the guest's status before the save
   * @throws FixedRamException if the guest can't be read, another client resumed or reset it, or
   *     the sink fails; the guest may have been resumed by then
   */
  SaveOutcome run(SaveSink sink, GuestStatus before) {
    RamPages pages = memory.pages();
    CountingSink counted = new CountingSink(sink, view.counters(), cancellation);
    counted.begin(pages.header());
    view.phase("saving live");
    listener.started(view);
    try (MemoryPasses passes = new MemoryPasses(pages, view.counters(), cancellation)) {
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
          new CopyAside(sink, pages.header().blocks(), stop.asideBytes(), cancellation)) {
        return finish(passes, counted, copy::lane, copy::finish, before, stop.downtime());
      }
    }
  }

  /**
   * The expected stop.
   *
   * @param sample the sample that the expectation is based on
   * @param asideBytes memory for copies of changed pages
   * @param downtime expected downtime
   * @param unchanged expected downtime if no page had changed
   */
  private record Stop(Pass sample, long asideBytes, Duration downtime, Duration unchanged) {
    /**
     * Whether another pass before the stop would shorten it: the changed pages more than double the
     * downtime, and less than half of the memory has changed.
     */
    boolean isWorthAnotherPass() {
      return downtime.compareTo(unchanged.multipliedBy(2)) > 0
          && sample.changedOfAll() < sample.contentBytes() / 2;
    }

    String sentence() {
      return String.format(
          Locale.ROOT,
          "the guest will be stopped for about %.3f s: of %d MiB that may have content %d"
              + " MiB have changed, and there is room to copy %d MiB aside",
          downtime.toNanos() / 1e9,
          sample.contentBytes() >> 20,
          sample.changedOfAll() >> 20,
          asideBytes >> 20);
    }
  }

  /** Fails before the stop if the predicted downtime is longer than the requested maximum. */
  private static void requireWithin(Duration limit, Duration predicted) {
    if (predicted.compareTo(limit) > 0) {
      throw new ObstacleException(new MemoryObstacle.LongDowntime(predicted, limit));
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
   * Does the work that needs the stopped guest, and then the rest.
   *
   * @param targets sinks for changed pages, one for each reading thread
   * @param arrived returns when all changed pages have been passed on to the file
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
            "the guest was stopped for %.3f s: %d MiB were read in %.3f s, of which %d MiB had changed",
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
