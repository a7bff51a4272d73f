// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.testkit.MountedTmpfs;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Live saves in place that fail: the guest runs on, and no file is left. */
class LiveSaveFailureTest extends QemuTest {
  private static final int MIB = 1 << 20;

  private GuestSave live(RunningQemu qemu, Path file) {
    return GuestSave.of(qemu.qmp(), file)
        .mode(SaveMode.MEMORY)
        .then(AfterSave.RESUME)
        .listener(recorder);
  }

  /** A guest all of whose memory is read, so that reading takes long, though it writes little. */
  private GuestSpec largeSpec() {
    String ram = "memory-backend-file,id=ram,size=1G,share=on,mem-path=";
    return GuestSpec.small()
        .withRam(1024)
        .with("-object", ram + directory.resolve("ram"))
        .with("-machine", "memory-backend=ram");
  }

  /** Has something done as soon as the guest is stopped. */
  private CompletableFuture<Void> inTheStop(RunningQemu qemu, Consumer<QmpClient> action) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    recorder.beforeTheStop(() ->
        Thread.ofPlatform()
            .start(() -> {
              Optional<QmpEvent> event = qemu.observer().nextEvent(Duration.ofSeconds(20));
              while (event.isPresent() && !event.get().name().equals("STOP")) {
                event = qemu.observer().nextEvent(Duration.ofSeconds(20));
              }
              action.accept(qemu.observer());
              done.complete(null);
            }));
    return done;
  }

  private void assertChanged(RunningQemu qemu, boolean reset) throws IOException {
    assertThatThrownBy(() -> live(qemu, file()).run())
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isEqualTo(new MemoryObstacle.GuestChanged(reset)));
    assertThat(qemu.status()).isEqualTo("running");
    assertNoFileLeft();
  }

  @ParameterizedTest
  @EnumSource
  void resumedByAnother(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, largeSpec())) {
      qemu.awaitGeneration(3);
      CompletableFuture<Void> resumed = inTheStop(qemu, qmp -> qmp.execute("cont"));
      assertChanged(qemu, false);
      resumed.orTimeout(20, TimeUnit.SECONDS).join();
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void resetByAnother(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, largeSpec())) {
      qemu.observer().execute("set-action", Map.of("reboot", "reset"));
      qemu.awaitGeneration(3);
      CompletableFuture<Void> reset = inTheStop(qemu, qmp -> qmp.execute("system_reset"));
      assertChanged(qemu, true);
      reset.orTimeout(20, TimeUnit.SECONDS).join();
      long before = SerialReport.of(qemu.serial()).lastGeneration().orElseThrow();
      RunningQemu.await(
          "the guest to begin anew",
          () -> SerialReport.of(qemu.serial()).lastGeneration().orElse(before) < before);
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuEndsBeforeTheStop(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.beforeTheStop(qemu::kill);
      assertThatThrownBy(() -> live(qemu, file()).run()).isInstanceOf(FixedRamException.class);
      assertNoFileLeft();
    }
  }

  /** What fails when the guest goes on already fails the save, and not the guest. */
  @ParameterizedTest
  @EnumSource
  void fileGetsNoName(TestedQemu version) throws Exception {
    Path place = Files.createDirectory(directory.resolve("place"));
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.beforeTheStop(() -> {
        try {
          Files.move(place, directory.resolve("elsewhere"));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      assertThatThrownBy(() -> live(qemu, place.resolve("guest.save")).run())
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(place.toString());
      assertThat(recorder.warnings()).containsExactly(RESUMED);
      qemu.assertGoesOn();
    }
  }

  private static final String RESUMED =
      "the guest was resumed before its save was complete and on the disk: it runs on, and is not"
          + " saved";

  /**
   * The disk has space for the guest as it was read while it ran, and not for its new pages, whose
   * copies are written after it was resumed.
   */
  @ParameterizedTest
  @EnumSource
  void diskIsFull(TestedQemu version) throws Exception {
    Path memory = Path.of("/dev/shm/fixedram-full-" + ProcessHandle.current().pid());
    // Regions that are too small for space to be allocated ahead of them.
    List<Region> regions =
        Stream.of(16, 32).map(at -> new Region(at * MIB + (1 << 16), 1700)).toList();
    GuestSpec spec =
        GuestSpec.small()
            .running(new MemoryGuest(regions, 0))
            .with("-object", "memory-backend-file,id=ram,size=64M,share=on,mem-path=" + memory)
            .with("-machine", "memory-backend=ram");
    Path place = Files.createDirectory(directory.resolve("place"));
    try (MountedTmpfs disk = MountedTmpfs.at(place, "size=64m");
        RunningQemu qemu = boot(version, spec)) {
      // It has written all of its pages.
      qemu.awaitGeneration(6);
      Path file = disk.path().resolve("guest.save");
      GuestSave request = live(qemu, file);
      long first = request.run().diskBytes();
      long needed = Math.min(first, request.run().diskBytes());
      byte[] earlier = Files.readAllBytes(file);
      // Where the host is busy, the disk may be found to be full before all is read.
      for (int i = 0; i < 5 && !recorder.warnings().contains(RESUMED); i++) {
        fillMemory(memory, 0);
        recorder.beforeTheStop(() -> {
          leaveSpace(disk.path(), needed + (1 << 15));
          fillMemory(memory, 1);
        });
        assertThatThrownBy(request::run)
            .isInstanceOf(StorageException.class)
            .hasMessageContaining("no space left on the device");
        assertThat(qemu.status()).isEqualTo("running");
        assertThat(Files.readAllBytes(file)).isEqualTo(earlier);
        Files.delete(disk.path().resolve("others"));
        try (Stream<Path> files = Files.list(disk.path())) {
          assertThat(files).containsExactly(file);
        }
      }
      assertThat(recorder.warnings()).containsExactly(RESUMED);
      qemu.assertGoesOn();
    } finally {
      Files.deleteIfExists(memory);
    }
  }

  /** Leaves so much space of a file system to a new save, of which a part is there already. */
  private static void leaveSpace(Path directory, long bytes) {
    Path partial = directory.resolve(".guest.save.partial");
    try (Descriptor begun = Descriptor.open(partial, Descriptor.Mode.READ);
        RandomAccessFile others =
            new RandomAccessFile(directory.resolve("others").toFile(), "rw")) {
      long free = Files.getFileStore(directory).getUsableSpace();
      others.write(new byte[(int) (free + begun.status().allocatedBytes() - bytes)]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes where the guest has nothing: less in one place than what is written at once, so that
   * copies wait until all are there.
   */
  private static void fillMemory(Path memory, int value) {
    try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
      byte[] content = new byte[225 << 12];
      Arrays.fill(content, (byte) value);
      for (int at : new int[] {50 * MIB, 56 * MIB}) {
        file.seek(at);
        file.write(content);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
