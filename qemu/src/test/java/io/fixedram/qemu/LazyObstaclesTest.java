// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.check.FileSystemType;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** QEMUs whose guest's pages can't be served, which is seen before that is tried. */
class LazyObstaclesTest extends QemuTest {
  private static final GuestSpec WITH_BACKEND =
      GuestSpec.small()
          .with("-object", "memory-backend-ram,id=m,size=64M", "-machine", "memory-backend=m");

  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private void assertGoesAnotherWay(
      TestedQemu version,
      GuestSpec target,
      String saved,
      Class<? extends LazyObstacle> kind,
      String why)
      throws Exception {
    assertGoesAnotherWay(
        version,
        target,
        saved,
        kind,
        why,
        RestoreMode.MEMORY,
        Remedy.RESTORE_IN_PLACE,
        Remedy.USE_STREAM);
  }

  private void assertGoesAnotherWay(
      TestedQemu version,
      GuestSpec target,
      String saved,
      Class<? extends LazyObstacle> kind,
      String why,
      RestoreMode other,
      Remedy... remedies)
      throws Exception {
    try (RunningQemu qemu = waiting(version, target)) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.LAZY))
          .isInstanceOfSatisfying(
              ObstacleException.class, e -> assertThat(e.obstacle()).isInstanceOf(kind))
          .hasMessageContaining("restore mode lazy is not possible: ")
          .hasMessageContaining(why)
          .satisfies(Remedied.by(remedies));
      assertThat(qemu.status()).isEqualTo("inmigrate");
      RestoreReport report = restoreAsLarge(qemu);
      assertThat(report.mode()).isEqualTo(other);
      assertThat(report.why()).contains("not lazy: ").contains(why);
      assertThat(report.obstacles()).filteredOn(kind::isInstance).hasSize(1);
      assertThat(recorder.passedOver()).isEqualTo(report.obstacles());
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryThatTheSaveLacks(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertGoesAnotherWay(
        version,
        GuestSpec.small().with("-device", "VGA"),
        saved,
        LazyObstacle.BlockNotInSave.class,
        "QEMU has RAM block 0000:00:02.0/vga.",
        version == TestedQemu.QEMU_7 ? RestoreMode.STREAM : RestoreMode.NATIVE,
        Remedy.USE_STREAM);
  }

  /** A backend that nothing uses is no block of a migration. */
  @ParameterizedTest
  @EnumSource
  void memoryThatNothingUses(TestedQemu version) throws Exception {
    GuestSpec spare = GuestSpec.small().with("-object", "memory-backend-ram,id=spare,size=1M");
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, spare)) {
      assertThat(restoreAsLarge(qemu).mode()).isEqualTo(RestoreMode.LAZY);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @EnumSource
  void mismatchIsFoundBesidesMemoryThatNothingUses(TestedQemu version) throws Exception {
    GuestSpec spare = GuestSpec.small().with("-object", "memory-backend-ram,id=spare,size=1M");
    haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, spare)) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.AUTO))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("holds RAM block m (64 MiB), which this QEMU does not have");
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, off", "QEMU_7, on", "QEMU_10, off", "QEMU_10, on"})
  void memoryInAFile(TestedQemu version, String share) throws Exception {
    Path memory = directory.resolve("memory");
    assumeFalse(FileSystemType.ofNearest(memory).orElseThrow().isMemory(), "not a disk");
    String saved = haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    assertGoesAnotherWay(
        version,
        inFile(memory, share),
        saved,
        LazyObstacle.BackendOnDisk.class,
        "the memory backend m is a file on ");
  }

  private static GuestSpec inFile(Path memory, String share) {
    return GuestSpec.small()
        .with("-object", "memory-backend-file,id=m,size=64M,share=" + share + ",mem-path=" + memory)
        .with("-machine", "memory-backend=m");
  }

  @ParameterizedTest
  @EnumSource
  void memoryGivenByItsPathOnly(TestedQemu version) throws Exception {
    assumeFalse(FileSystemType.ofNearest(directory).orElseThrow().isMemory(), "not a disk");
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertGoesAnotherWay(
        version,
        GuestSpec.small().with("-mem-path", directory.toString()),
        saved,
        LazyObstacle.BackendOnDisk.class,
        "the memory backend pc.ram is a file on ");
  }

  @ParameterizedTest
  @EnumSource
  void memoryInAFileOfMemory(TestedQemu version) throws Exception {
    assumeTrue(FileSystemType.of(SHARED_MEMORY).filter(FileSystemType::isMemory).isPresent());
    String saved = haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    Path memory = Files.createTempFile(SHARED_MEMORY, "fixedram-test", ".ram");
    try (RunningQemu qemu = waiting(version, inFile(memory, "on"))) {
      assertThat(restoreAsLarge(qemu).mode()).isEqualTo(RestoreMode.LAZY);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    } finally {
      Files.delete(memory);
    }
  }

  /** The back end runs in another process, which has the guest's memory mapped. */
  @ParameterizedTest
  @EnumSource
  void networkOfAnotherProcess(TestedQemu version) throws Exception {
    GuestSpec shared =
        GuestSpec.small()
            .with("-object", "memory-backend-memfd,id=m,size=64M")
            .with("-machine", "memory-backend=m");
    String saved = haveSaved(version, shared, SaveFormat.MAPPED_RAM);
    try (VhostUserBackend backend = VhostUserBackend.listen(directory.resolve("vhost.sock"))) {
      assertGoesAnotherWay(
          version,
          shared
              .with("-chardev", "socket,id=c,path=" + backend.path())
              .with("-netdev", "vhost-user,id=n,chardev=c"),
          saved,
          LazyObstacle.SharingNetwork.class,
          "a network of vhost-user",
          RestoreMode.MEMORY,
          Remedy.USE_STREAM);
    }
  }
}
