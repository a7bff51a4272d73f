// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.Guest.Activity;
import io.fixedram.bench.guest.GuestMaker;
import io.fixedram.bench.guest.GuestSize;
import io.fixedram.bench.guest.Qemu;
import io.fixedram.bench.guest.RunningQemu;
import io.fixedram.bench.guest.RunningQemu.MigrationSetup;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.Sample.Point;
import io.fixedram.bench.result.SuiteResult;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Measures how the file grows while a guest keeps dirtying its memory: a stream grows with each
 * page sent, a fixed-offset file does not. The guest is small, and the bandwidth is less than it
 * dirties, so that passes over its memory continue; after a given time it is stopped, so that the
 * save ends.
 */
final class GrowthSuite {
  private static final int SAMPLE_MILLIS = 100;
  private static final GuestSize SIZE = new GuestSize(256, 128);
  private static final long BANDWIDTH = 64L << 20;
  private static final double MIB = 1 << 20;

  private final Venue venue;
  private final Path target;
  private final BootedGuest guest;

  private GrowthSuite(Venue venue, BootedGuest guest) {
    this.venue = venue;
    this.target = venue.file("growing");
    this.guest = guest;
  }

  /** Boots a guest with the newest QEMU and measures it once. */
  static SuiteResult run(Venue venue, GuestMaker maker) {
    Qemu qemu = venue.qemus().getLast();
    venue.listener().step("booting a guest of " + qemu.name() + " that keeps dirtying its memory");
    BootedGuest.Machine machine = BootedGuest.Machine.of(maker, SIZE, venue.work());
    try (BootedGuest guest = machine.boot(qemu, Activity.DIRTYING, venue.cancellation())) {
      return new GrowthSuite(venue, guest).run();
    }
  }

  private SuiteResult run() {
    String name = guest.qemu().name();
    List<Rival> rivals = new ArrayList<>();
    Rival stream = Rival.of(name + ", exec:cat", () -> byQemu("exec:cat > "));
    rivals.add(stream);
    if (guest.qemu().hasMappedRam()) {
      rivals.add(Rival.of(name + Names.MAPPED_RAM, () -> byQemu("file:", "mapped-ram")));
    }
    rivals.add(Rival.of(name + ", fixedram receive", this::byFixedram));
    rivals.add(Rival.of(name + Names.SAVE_MEMORY, this::inPlace));
    return new SuiteResult(
        Suite.GROWTH.text(),
        Suite.GROWTH.title(),
        List.of(
            Metric.FILE_MIB,
            Metric.PASSES,
            Metric.SECONDS,
            Metric.PEAK_MIB,
            Metric.DOWNTIME_SECONDS,
            Metric.DOWNTIME_SECONDS_PER_GIB),
        Optional.of(stream.name()),
        venue.contest(Suite.GROWTH).run(rivals, 1),
        List.of(
            "A guest of "
                + SIZE.ramMebibytes()
                + " MiB, "
                + SIZE.usedMebibytes()
                + " MiB filled. One round, at "
                + (BANDWIDTH >> 20)
                + " MiB/s; after "
                + venue.settings().growthTime().toSeconds()
                + " s the guest is stopped, and the save ends. file: its size, or the space it takes"
                + " on disk if that is less.",
            "fixedram save --via memory has no limit of bandwidth and no time after which the guest"
                + " is stopped: downtime is how long the guest, which runs on, was stopped."));
  }

  private Sample byQemu(String uri, String... capabilities) {
    return watched(
        List.of(capabilities),
        target,
        curve -> {
          curve.watch(uri + target);
          return Optional.empty();
        });
  }

  private Sample byFixedram() {
    Path socket = guest.machine().directory().resolve("growth.sock");
    Path partial = target.resolveSibling("." + target.getFileName() + ".partial");
    return watched(
        List.of(),
        partial,
        curve -> {
          Cancellation own = new Cancellation();
          FixedRamProgram program = new FixedRamProgram(venue.data().path(), own);
          CompletableFuture<FixedRamProgram.Outcome> receiving =
              CompletableFuture.supplyAsync(
                  () -> program.run("receive", target.toString(), "--listen", "unix:" + socket));
          try (Cancellation.Registration _ = venue.cancellation().onCancel(own::cancel)) {
            while (!Files.exists(socket)) {
              throwIfEnded(receiving);
              sleep();
            }
            curve.watch("unix:" + socket);
            return Optional.of(join(receiving));
          } finally {
            own.cancel();
            // Its file is removed when it ends.
            var _ = receiving.handle((_, _) -> true).join();
          }
        });
  }

  /** A save that ends by itself, whatever the guest dirties. */
  private Sample inPlace() {
    guest.running().resume();
    try {
      FixedRamProgram.Outcome outcome =
          venue
              .fixedram()
              .run(
                  "save",
                  "--via",
                  "memory",
                  "--then",
                  "resume",
                  "--qmp",
                  guest.spareQmp().toString(),
                  target.toString());
      return outcome.withDowntime(
          Sample.of(Metric.FILE_MIB, (double) bytes(target) / MIB)
              .with(Metric.PASSES, outcome.number("passes"))
              .with(Metric.SECONDS, outcome.number("seconds"))
              .with(Metric.PEAK_MIB, outcome.process().peakBytes() / MIB));
    } finally {
      guest.rest();
      Disk.remove(target);
    }
  }

  private static void throwIfEnded(CompletableFuture<FixedRamProgram.Outcome> receiving) {
    if (receiving.isDone()) {
      var _ = join(receiving);
      throw new FixedRamException("fixedram receive ended before anything was sent");
    }
  }

  private static FixedRamProgram.Outcome join(CompletableFuture<FixedRamProgram.Outcome> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof FixedRamException failure) {
        throw failure;
      }
      throw e;
    }
  }

  /** Sends the guest and watches the file; returns the outcome of fixedram, if it took part. */
  private interface Sending {
    Optional<FixedRamProgram.Outcome> send(Curve curve);
  }

  private Sample watched(List<String> capabilities, Path file, Sending sending) {
    RunningQemu qemu = guest.running();
    qemu.set(new MigrationSetup(capabilities, false, BANDWIDTH));
    // A small downtime limit makes passes continue as long as the guest runs.
    qemu.qmp().execute("migrate-set-parameters", Map.of("downtime-limit", 1));
    try {
      qemu.resume();
      Curve curve = new Curve(file);
      Optional<FixedRamProgram.Outcome> outcome = sending.send(curve);
      Sample sample =
          Sample.of(Metric.FILE_MIB, (double) bytes(target) / MIB)
              .with(Metric.PASSES, passes(qemu))
              .with(Metric.SECONDS, curve.seconds())
              .with(curve.points);
      return outcome
          .map(told -> sample.with(Metric.PEAK_MIB, told.process().peakBytes() / MIB))
          .orElse(sample);
    } finally {
      qemu.set(MigrationSetup.of(false));
      guest.rest();
      Disk.remove(target);
    }
  }

  private static double passes(RunningQemu qemu) {
    return qemu.qmp()
        .execute("query-migrate")
        .find("ram")
        .map(ram -> ram.findNumber("dirty-sync-count").orElse(0))
        .orElse(0L);
  }

  /** Size of a file, or its space on disk if that is less; 0 if it does not exist. */
  private static long bytes(Path file) {
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      Descriptor.Status status = descriptor.status();
      return Math.min(status.sizeBytes(), status.allocatedBytes());
    } catch (StorageException e) {
      return 0;
    }
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(SAMPLE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }

  /** Samples the file during the migration, and stops the guest after the given time. */
  private final class Curve {
    private final Path file;
    private final List<Point> points = new ArrayList<>();
    private long startNanos;

    Curve(Path file) {
      this.file = file;
    }

    double seconds() {
      return points.isEmpty() ? 0 : points.getLast().seconds();
    }

    /** Migrates the guest to a URI; returns when the migration is complete. */
    void watch(String uri) {
      startNanos = System.nanoTime();
      guest.running().qmp().execute("migrate", Map.of("uri", uri));
      double maxSeconds = venue.settings().growthTime().toSeconds();
      boolean stopped = false;
      while (!guest.running().isMigrated()) {
        venue.cancellation().throwIfCancelled();
        double now = (System.nanoTime() - startNanos) / 1e9;
        points.add(new Point(now, bytes(file)));
        if (now >= maxSeconds && !stopped) {
          guest.running().stop();
          guest.running().qmp().execute("migrate-set-parameters", Map.of("max-bandwidth", 0));
          stopped = true;
        }
        sleep();
      }
    }
  }
}
