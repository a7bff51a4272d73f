// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.SaveObstacle;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Saves that cannot be, or end early: the guest does what it did, and nothing is left behind. */
class GuestSaveFailureTest extends QemuTest {

  /** A save under way in another thread. */
  private CompletableFuture<Throwable> endlessSave(RunningQemu qemu, Cancellation cancellation) {
    recorder.atStart(qemu::slowDown);
    GuestSave request = request(qemu).maxPasses(0);
    CompletableFuture<Throwable> failure =
        CompletableFuture.supplyAsync(() ->
            catchThrowable(() -> request.listener(recorder).cancellation(cancellation).run()));
    recorder.awaitTransferred(2 << 20);
    return failure;
  }

  private static Throwable outcome(CompletableFuture<Throwable> save) {
    return save.orTimeout(30, TimeUnit.SECONDS).join();
  }

  @ParameterizedTest
  @EnumSource
  void cancelled(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String settings = qemu.migrationSettings();
      Cancellation cancellation = new Cancellation();
      CompletableFuture<Throwable> save = endlessSave(qemu, cancellation);
      cancellation.cancel();
      assertThat(outcome(save)).isInstanceOf(CancelledException.class);
      // The limit that made it endless was set meanwhile, and not by the save.
      qemu.setParameter("max-bandwidth", 128 << 20);
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      assertThat(qemu.observer().execute("query-migrate").get("status").text())
          .isEqualTo("cancelled");
      assertNoFileLeft();
      qemu.assertGoesOn();
      assertThat(recorder.warnings()).isEmpty();
      // And it can be saved after that.
      save(request(qemu).maxPasses(3).then(AfterSave.QUIT));
    }
  }

  @Test
  void cancelledWhileItIsStopped() throws Exception {
    try (RunningQemu qemu = boot(TestedQemu.QEMU_7, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      Cancellation cancellation = new Cancellation();
      TransferListener canceller =
          new TransferListener() {
            @Override
            public void started(TransferView view) {
              cancellation.cancel();
            }
          };
      GuestSave request = request(qemu).stopFirst();
      assertThatThrownBy(() -> request.listener(canceller).cancellation(cancellation).run())
          .isInstanceOf(CancelledException.class);
      assertNoFileLeft();
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void cancelledByAnotherClient(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      CompletableFuture<Throwable> save = endlessSave(qemu, new Cancellation());
      qemu.observer().execute("migrate_cancel");
      assertThat(outcome(save))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("another client of QEMU cancelled the migration");
      assertNoFileLeft();
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuIsKilled(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      Files.writeString(file(), "an earlier save");
      CompletableFuture<Throwable> save = endlessSave(qemu, new Cancellation());
      qemu.kill();
      assertThat(outcome(save))
          .isInstanceOf(QemuGoneException.class)
          .hasMessageContaining("ended or was killed");
      assertThat(leftFiles()).containsExactly("guest.save");
      assertThat(file()).hasContent("an earlier save");
    }
  }

  @ParameterizedTest
  @EnumSource
  void diskIsFull(TestedQemu version) throws Exception {
    Path small = mountOf8MiB();
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String settings = qemu.migrationSettings();
      GuestSave request = request(qemu.qmp(), small.resolve("guest.save"));
      assertThatThrownBy(() -> save(request))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(small.toString())
          .hasMessageContaining("no space left");
      assertThat(small).isEmptyDirectory();
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      qemu.assertGoesOn();
    } finally {
      run("umount", small.toString());
    }
  }

  /** QEMU is done with the guest by then, and must let it run on. */
  @ParameterizedTest
  @EnumSource
  void fileGetsNoName(TestedQemu version) throws Exception {
    Path place = Files.createDirectory(directory.resolve("place"));
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String settings = qemu.migrationSettings();
      recorder.atStart(() -> {
        try {
          Files.move(place, directory.resolve("elsewhere"));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      GuestSave request = request(qemu.qmp(), place.resolve("guest.save"));
      assertThatThrownBy(() -> save(request))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(place.toString());
      assertThat(new QemuMigration(qemu.observer()).state().status()).isEqualTo("completed");
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      qemu.assertGoesOn();
    }
  }

  private Path mountOf8MiB() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=8m", "fixedram-test", small.toString()) == 0,
        "a small file system can be mounted by root only");
    return small;
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @ParameterizedTest
  @EnumSource
  void secondSaveOfAGuest(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      Cancellation cancellation = new Cancellation();
      CompletableFuture<Throwable> first = endlessSave(qemu, cancellation);
      assertThatThrownBy(() -> save(request(qemu.qmp(), directory.resolve("other.save"))))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("does not greet")
          .hasMessageContaining("one at a time");
      GuestSave overSpare =
          GuestSave.of(qemu.spareQmp(), directory.resolve("other.save"))
              .mode(SaveMode.STREAM)
              .maxPasses(MAX_PASSES);
      assertThatThrownBy(() -> save(overSpare))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("a migration or save is under way");
      assertThat(directory.resolve("other.save")).doesNotExist();
      cancellation.cancel();
      assertThat(outcome(first)).isInstanceOf(CancelledException.class);
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void afterAMigration(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.migrate("exec:cat > /dev/null");
      assertRefused(qemu, "has not run since", "'cont'");
      assertThat(qemu.status()).isEqualTo("postmigrate");
    }
  }

  @ParameterizedTest
  @EnumSource
  void blockedByADevice(TestedQemu version) throws Exception {
    GuestSpec blocked = GuestSpec.small().with("-device", "nvme,serial=x");
    try (RunningQemu qemu = boot(version, blocked)) {
      assertRefused(qemu, "non-migratable device", "nvme");
      assertThat(qemu.status()).isEqualTo("running");
    }
  }

  @ParameterizedTest
  @EnumSource
  void waitingForAGuest(TestedQemu version) throws Exception {
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertRefused(qemu, "still waits for an incoming migration");
    }
  }

  @ParameterizedTest
  @EnumSource
  void withoutAMachineYet(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small().with("--preconfig"))) {
      assertRefused(qemu, "has not made its machine yet");
    }
  }

  @ParameterizedTest
  @EnumSource
  void dirtyBitmapsInTheStream(TestedQemu version) throws Exception {
    Path disk = Files.write(directory.resolve("disk"), new byte[1 << 20]);
    GuestSpec spec = GuestSpec.small().with("-drive", "if=none,id=disk0,format=raw,file=" + disk);
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(3);
      qemu.observer().execute("block-dirty-bitmap-add", Map.of("node", "disk0", "name", "b"));
      qemu.switchOn("dirty-bitmaps");
      String settings = qemu.migrationSettings();
      assertThatThrownBy(() -> save(request(qemu)))
          .isInstanceOf(UnsupportedSaveException.class)
          .hasMessageContaining("dirty-bitmap");
      assertNoFileLeft();
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPausedGuestStaysPaused(TestedQemu version) throws Exception {
    Path disk = Files.write(directory.resolve("disk"), new byte[1 << 20]);
    GuestSpec spec = GuestSpec.small().with("-drive", "if=none,id=disk0,format=raw,file=" + disk);
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.observer().execute("block-dirty-bitmap-add", Map.of("node", "disk0", "name", "b"));
      qemu.switchOn("dirty-bitmaps");
      qemu.observer().execute("stop");
      assertThatThrownBy(() -> save(request(qemu))).isInstanceOf(UnsupportedSaveException.class);
      assertThat(qemu.status()).isEqualTo("paused");
    }
  }

  @Test
  void targetIsADirectory() throws Exception {
    try (RunningQemu qemu = boot(TestedQemu.QEMU_7, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      Files.createDirectory(file());
      assertThatThrownBy(() -> save(request(qemu)))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("directory");
      qemu.assertGoesOn();
    }
  }

  @Test
  void nobodyListens() {
    Path socket = directory.resolve("no.sock");
    GuestSave request = GuestSave.of(new Endpoint.Unix(socket), file()).maxPasses(MAX_PASSES);
    assertThatThrownBy(() -> save(request))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(socket.toString())
        .hasMessageContaining("no such file");
  }

  private void assertRefused(RunningQemu qemu, String... parts) throws Exception {
    assertThatThrownBy(() -> save(request(qemu)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageStartingWith("this guest cannot be saved: ")
        .hasMessageContainingAll(parts);
    assertNoFileLeft();
  }

  /** What undoes the save has waits of its own, which no interrupt must end. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, unix", "QEMU_10, unix", "QEMU_7, tcp", "QEMU_10, tcp"})
  void interruptedThread(TestedQemu version, String kind) throws Exception {
    Endpoint.Tcp tcp = freePort();
    GuestSpec spec = GuestSpec.small().with("-qmp", tcp + ",server=on,wait=off");
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(2);
      String before = qemu.migrationSettings();
      GuestSave request = request(kind.equals("tcp") ? tcp : qemu.qmp(), file()).stopFirst();
      CompletableFuture<Throwable> failure = new CompletableFuture<>();
      Thread saver =
          Thread.ofPlatform()
              .unstarted(() -> failure.complete(catchThrowable(() -> save(request))));
      recorder.atStart(() -> Interrupts.keepComing(saver));
      saver.start();
      assertThat(failure.get(30, TimeUnit.SECONDS)).isInstanceOf(FixedRamException.class);
      assertThat(recorder.warnings()).isEmpty();
      assertThat(qemu.status()).isEqualTo("running");
      assertThat(qemu.migrationSettings()).isEqualTo(before);
      assertThat(file()).doesNotExist();
      qemu.assertGoesOn();
    }
  }

  private static Endpoint.Tcp freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new Endpoint.Tcp("127.0.0.1", socket.getLocalPort());
    }
  }

  @ParameterizedTest
  @EnumSource
  void listenerThatThrows(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(2);
      TransferListener throwing =
          new TransferListener() {
            @Override
            public void started(TransferView view) {
              throw new IllegalStateException("made up");
            }

            @Override
            public void warning(Reason reason) {
              throw new IllegalStateException("made up too");
            }
          };
      request(qemu).stopFirst().listener(throwing).run();
      assertThat(file()).exists();
    }
  }

  /** Machines of 8.1 and later send what is plugged before the memory itself. */
  @ParameterizedTest
  @EnumSource
  void stateThatComesBeforeTheMemory(SaveMode mode) throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .on("pc-i440fx-8.1")
            .with("-m", "64M,maxmem=1G")
            .with("-object", "memory-backend-ram,id=more,size=128M")
            .with("-device", "virtio-mem-pci,id=dimm,memdev=more,requested-size=64M");
    try (RunningQemu qemu = boot(TestedQemu.QEMU_10, spec)) {
      qemu.awaitGeneration(3);
      assertThatThrownBy(() -> save(request(qemu).mode(mode).stopFirst()))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(new SaveObstacle.StateBeforeMemory("dimm", "virtio-mem-pci")));
      assertThat(recorder.hasStarted()).isFalse();
      for (Optional<QmpEvent> event = qemu.observer().nextEvent(Duration.ZERO);
          event.isPresent();
          event = qemu.observer().nextEvent(Duration.ZERO)) {
        assertThat(event.get().name()).isNotEqualTo("STOP");
      }
      assertNoFileLeft();
    }
  }
}
