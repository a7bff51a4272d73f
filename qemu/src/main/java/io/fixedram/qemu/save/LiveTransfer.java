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
import java.util.OptionalLong;
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
  private final Optional<Duration> maxDowntime;
  private final QemuMemory memory;
  private final GuestHold hold;
  private final QmpClient qmp;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;

  LiveTransfer(
      SaveRequest request,
      Optional<Duration> maxDowntime,
      QemuMemory memory,
      GuestHold hold,
      QmpClient qmp,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.request = request;
    this.maxDowntime = maxDowntime;
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
    try (StoppedWork work = new StoppedWork(cancellation);
        MemoryPasses passes = new MemoryPasses(pages, view.counters(), work.cancellation())) {
      SaveSink counted = new CountingSink(sink, view.counters(), work.cancellation());
      counted.begin(pages.header());
      view.phase("saving live");
      listener.started(view);
      PageSink locked = new LockedPages(sink);
      Pass first = passes.all(() -> locked);
      Stop stop = expect(passes, first, request.asideBytes());
      if (stop.isWorthAnotherPass()) {
        var _ = passes.all(() -> locked);
        stop = expect(passes, first, request.asideBytes());
      }
      announce(stop);
      Optional<CopyAside> room = aside(stop, sink, pages, work);
      if (room.isPresent()) {
        try (CopyAside copy = room.get()) {
          Target target = new Target(counted, copy::lane, copy::finish);
          return finish(work, passes, target, before, stop.downtime());
        }
      }
      if (stop.asideBytes() > 0) {
        stop = expect(passes, first, OptionalLong.of(0));
        announce(stop);
      }
      Target target = new Target(counted, () -> locked, () -> {});
      return finish(work, passes, target, before, stop.downtime());
    }
  }

  /** Reports the expected downtime, and fails if that is too long. */
  private void announce(Stop stop) {
    listener.note(stop.sentence());
    maxDowntime.ifPresent(limit -> requireWithin(limit, stop.downtime()));
  }

  /** Allocates memory for copies; empty if none is wanted, or this host has not as much. */
  private Optional<CopyAside> aside(Stop stop, SaveSink sink, RamPages pages, StoppedWork work) {
    if (stop.asideBytes() == 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new CopyAside(sink, pages.header().blocks(), stop.asideBytes(), work.cancellation()));
    } catch (FixedRamException e) {
      listener.note("changed pages are not copied aside: " + e.sentence());
      return Optional.empty();
    }
  }

  /**
   * The sinks to which a stopped guest is written.
   *
   * @param sink takes the device state
   * @param lanes creates a sink for changed pages, one for each reading thread
   * @param arrived returns when all changed pages have been passed on to the file
   */
  private record Target(SaveSink sink, Supplier<? extends PageSink> lanes, Runnable arrived) {
    void end(DeviceState devices) {
      arrived.run();
      sink.end(devices);
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

  private Stop expect(MemoryPasses passes, Pass first, OptionalLong permitted) {
    Pass sample = passes.sample(SAMPLE_BYTES);
    int threads = passes.threads();
    long aside = AsideBudget.bytes(permitted, sample.changedOfAll(), threads, HostMemory.now());
    double disk = first.changedBytes() / (first.elapsed().toNanos() / 1e9);
    int processors = qmp.execute("query-cpus-fast").items().size();
    // Twice, since the first time is longer than usual.
    Duration cold = check();
    Duration again = check();
    Duration checks = cold.compareTo(again) < 0 ? cold : again;
    return new Stop(
        sample,
        aside,
        DowntimePrediction.of(checks, sample, threads, processors, aside, disk),
        DowntimePrediction.of(checks, sample.withChanges(0), threads, processors, aside, disk));
  }

  /** Checks the guest as it will be checked in the stop, and returns the time that this takes. */
  private Duration check() {
    long start = System.nanoTime();
    GuestDevices.requireSaveable(qmp);
    memory.checkUnchanged();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /**
   * Stops the guest, does the work that needs this, and then the rest. After a failure the guest
   * runs again before anything waits for the disk.
   */
  private SaveOutcome finish(
      StoppedWork work,
      MemoryPasses passes,
      Target target,
      GuestStatus before,
      Duration predicted) {
    hold.arm(request.qmp(), memory);
    view.phase("reading the stopped guest");
    try {
      return stopAndFinish(work, passes, target, before, predicted);
    } catch (RuntimeException | Error e) {
      hold.letRun(e);
      work.end();
      throw e;
    }
  }

  private SaveOutcome stopAndFinish(
      StoppedWork work,
      MemoryPasses passes,
      Target target,
      GuestStatus before,
      Duration predicted) {
    boolean ours = hold.stop();
    String still = hold.begin();
    DeviceState devices = hold.devices(ours ? before.name() : still);
    memory.checkUnchanged();
    boolean resume = ours && request.then() == AfterSave.RESUME;
    DiskWaits waits = new DiskWaits(DiskWaits.limit(predicted));
    // A guest that is to stay stopped may wait for the disk as long as nobody cancels.
    Pass last =
        work.run(
            () -> passes.all(() -> waits.lane(target.lanes().get())),
            resume ? waits::check : () -> {});
    hold.requireStill();
    memory.checkUnchanged();
    hold.snapshotDisks();
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
    work.run(() -> target.end(devices));
    return new SaveOutcome(
        passes.passes(), downtime, Optional.of(predicted), resume, resumeFailure);
  }
}
