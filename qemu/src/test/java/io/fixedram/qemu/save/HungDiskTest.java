// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saves in place of a running guest to a disk that takes nothing once the guest is stopped. */
@Tag("qemu")
@Timeout(120)
class HungDiskTest {
  private static final long MIB = 1 << 20;
  private static final Duration MIN_LIMIT = Duration.ofSeconds(10);

  @TempDir Path directory;

  private final Cancellation cancellation = new Cancellation();
  private final CountDownLatch waiting = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);
  private volatile boolean hung;

  /** A file that is only written while the disk works. */
  private final class Disk implements SaveSink {
    private void take() {
      if (hung) {
        waiting.countDown();
        try {
          assertThat(gate.await(100, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }

    @Override
    public void begin(SaveHeader header) {
      take();
    }

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      take();
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      take();
    }

    @Override
    public void drain() {
      take();
    }

    @Override
    public void end(DeviceState state) {
      take();
    }

    @Override
    public void close() {}
  }

  private final TransferListener listener =
      new TransferListener() {
        @Override
        public void note(Reason reason) {
          hung |= reason.sentence().startsWith("the guest will be stopped");
        }
      };

  private RunningQemu boot(TestedQemu version) throws Exception {
    RunningQemu qemu = RunningQemu.boot(version, GuestSpec.small(), directory);
    qemu.awaitGeneration(3);
    return qemu;
  }

  private CompletableFuture<Throwable> save(
      RunningQemu qemu, boolean stopFirst, AfterSave then, long asideMebibytes) {
    SaveRequest request =
        new SaveRequest(
            qemu.qmp(),
            directory.resolve("guest.save"),
            OptionalInt.empty(),
            SaveMode.MEMORY,
            Optional.empty(),
            SaveFormat.MAPPED_RAM,
            stopFirst,
            false,
            then,
            WriteOptions.defaults(),
            1,
            OptionalLong.of(asideMebibytes * MIB),
            Optional.empty());
    return CompletableFuture.supplyAsync(() -> {
      try (QmpClient qmp = QmpClient.connect(request.qmp(), cancellation)) {
        QemuMigration migration = new QemuMigration(qmp);
        LiveView view = new LiveView(new TransferCounters(), "starting");
        SaveChoice choice = SaveChoice.of(request, migration.guest(), qmp);
        MemoryTransfer transfer =
            new MemoryTransfer(
                request,
                choice,
                new OutgoingMigration(migration),
                Optional.empty(),
                view,
                listener,
                cancellation);
        try {
          var _ = transfer.run(new Disk(), migration.guest());
        } finally {
          transfer.guestIsAsWanted();
        }
        return new AssertionError("nothing failed");
      } catch (FixedRamException e) {
        return e;
      }
    });
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  false, RESUME, 0",
    "QEMU_10, false, RESUME, 0",
    "QEMU_10, false, PAUSE,  8",
    "QEMU_10, false, PAUSE,  500",
    "QEMU_7,  true,  RESUME, 0",
    "QEMU_10, true,  PAUSE,  0",
  })
  void theGuestRunsAsSoonAsTheSaveIsCancelled(
      TestedQemu version, boolean stopFirst, AfterSave then, long asideMebibytes) throws Exception {
    try (RunningQemu qemu = boot(version)) {
      hung = stopFirst;
      CompletableFuture<Throwable> save = save(qemu, stopFirst, then, asideMebibytes);
      assertThat(waiting.await(60, TimeUnit.SECONDS)).isTrue();
      RunningQemu.await("the stop", () -> qemu.status().equals("paused"));
      cancellation.cancel();
      // The disk does not answer yet.
      qemu.assertGoesOn();
      assertThat(save).isNotDone();
      gate.countDown();
      assertThat(save.get(60, TimeUnit.SECONDS)).isInstanceOf(CancelledException.class);
      qemu.assertGoesOn();
    } finally {
      gate.countDown();
    }
  }

  @Test
  void theGuestThatIsToRunOnWaitsForTheDiskOnlySoLong() throws Exception {
    try (RunningQemu qemu = boot(TestedQemu.QEMU_10)) {
      CompletableFuture<Throwable> save = save(qemu, false, AfterSave.RESUME, 0);
      assertThat(waiting.await(60, TimeUnit.SECONDS)).isTrue();
      RunningQemu.await("the stop", () -> qemu.status().equals("paused"));
      RunningQemu.await("the guest", () -> qemu.status().equals("running"));
      qemu.assertGoesOn();
      assertThat(save).isNotDone();
      gate.countDown();
      assertThat(save.get(60, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isInstanceOfSatisfying(
                          MemoryObstacle.SlowDisk.class,
                          slow -> assertThat(slow.limit()).isGreaterThanOrEqualTo(MIN_LIMIT)));
      qemu.assertGoesOn();
    } finally {
      gate.countDown();
    }
  }
}
