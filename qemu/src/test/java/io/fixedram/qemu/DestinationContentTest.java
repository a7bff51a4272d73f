// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** QEMUs whose memory holds something before a guest is loaded, where the guest has zeros too. */
class DestinationContentTest extends QemuTest {
  private static final int RAM_BYTES = 64 << 20;

  /** Behind what machines have in the place of RAM. */
  private static final int FROM = 1 << 20;

  private static final GuestSpec WITH_BACKEND =
      GuestSpec.small()
          .with("-object", "memory-backend-ram,id=m,size=64M", "-machine", "memory-backend=m");

  private Path memory = Path.of("/dev/shm", "fixedram-test-" + ProcessHandle.current().pid());

  @AfterEach
  void removeMemory() throws IOException {
    Files.deleteIfExists(memory);
  }

  private GuestSpec overContent(String share) throws IOException {
    byte[] content = new byte[RAM_BYTES];
    Arrays.fill(content, (byte) 0xa5);
    Files.write(memory, content);
    return GuestSpec.small()
        .with("-object", "memory-backend-file,id=m,size=64M,share=" + share + ",mem-path=" + memory)
        .with("-machine", "memory-backend=m");
  }

  /** Compares all of RAM, of a guest that has not run since, with what the save says. */
  private void assertMemoryIsAsSaved(RunningQemu qemu) throws IOException {
    Path dump = directory.resolve("dump");
    qemu.observer()
        .execute(
            "pmemsave", Map.of("val", FROM, "size", RAM_BYTES - FROM, "filename", dump.toString()));
    try (PageStore save = Saves.open(file());
        FileChannel saved = FileChannel.open(file());
        FileChannel dumped = FileChannel.open(dump);
        Arena arena = Arena.ofConfined()) {
      long at = save.places().getFirst().pagesOffset();
      MemorySegment wanted = saved.map(MapMode.READ_ONLY, at + FROM, RAM_BYTES - FROM, arena);
      MemorySegment actual = dumped.map(MapMode.READ_ONLY, 0, RAM_BYTES - FROM, arena);
      assertThat(actual.mismatch(wanted)).as("first byte that differs").isEqualTo(-1);
    }
  }

  private void assertNotNative(RunningQemu qemu, String why, Remedy... remedies) {
    assertThatThrownBy(() -> restore(qemu, RestoreMode.NATIVE))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isInstanceOf(NativeObstacle.class))
        .hasMessageContaining("restore mode native is not possible: ")
        .hasMessageContaining(why)
        .satisfies(Remedied.by(remedies));
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  on,  LAZY,   LAZY",
    "QEMU_7,  off, AUTO,   MEMORY",
    "QEMU_7,  on,  STREAM, STREAM",
    "QEMU_10, on,  LAZY,   LAZY",
    "QEMU_10, off, AUTO,   MEMORY",
    "QEMU_10, on,  STREAM, STREAM",
  })
  void fileInMemory(TestedQemu version, String share, RestoreMode mode, RestoreMode taken)
      throws Exception {
    haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, overContent(share))) {
      assertThat(restore(qemu, mode, true).mode()).isEqualTo(taken);
      assertMemoryIsAsSaved(qemu);
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_7, off", "QEMU_10, on", "QEMU_10, off"})
  void fileOnDisk(TestedQemu version, String share) throws Exception {
    haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    memory = directory.resolve("memory");
    try (RunningQemu qemu = waiting(version, overContent(share))) {
      if (version == TestedQemu.QEMU_10) {
        assertNotNative(qemu, "the memory backend m is the file " + memory, Remedy.USE_STREAM);
      }
      assertThat(restore(qemu, RestoreMode.AUTO, true).mode()).isNotEqualTo(RestoreMode.NATIVE);
      assertMemoryIsAsSaved(qemu);
    }
  }

  /** QEMU would empty a file that it maps privately, and that others may map too. */
  @ParameterizedTest
  @EnumSource
  void fileThatOthersReadStaysAsItIs(TestedQemu version) throws Exception {
    haveSaved(version, WITH_BACKEND, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, overContent("off"))) {
      Path before = Files.copy(memory, directory.resolve("before"));
      assertThatThrownBy(() -> restore(qemu, RestoreMode.LAZY))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("a private mapping of " + memory);
      restore(qemu, RestoreMode.AUTO, true);
      assertThat(Files.mismatch(memory, before)).isEqualTo(-1);
    }
  }

  /** The device writes at each reset, also in a QEMU that waits. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, AUTO", "QEMU_7, STREAM", "QEMU_10, AUTO", "QEMU_10, STREAM"})
  void memoryThatADeviceHasWrittenTo(TestedQemu version, RestoreMode mode) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestSpec loader =
        GuestSpec.small().with("-device", "loader,addr=0x3e00000,data=0xdeadbeef,data-len=4");
    try (RunningQemu qemu = waiting(version, loader)) {
      qemu.observer().execute("set-action", Map.of("reboot", "reset"));
      qemu.observer().execute("system_reset");
      if (version == TestedQemu.QEMU_10) {
        assertNotNative(qemu, "the device loader has written to memory", Remedy.USE_STREAM);
      }
      restore(qemu, mode, true);
      assertMemoryIsAsSaved(qemu);
    }
  }

  @Test
  void memoryThatADeviceHasWrittenToIsNotMapped() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestSpec loader =
        GuestSpec.small().with("-device", "loader,addr=0x3e00000,data=0xdeadbeef,data-len=4");
    List<String> command = loader.command(TestedQemu.QEMU_10.binary(), directory, "restored");
    assertThatThrownBy(
            () -> restore(GuestRestore.of(file(), command).mode(RestoreMode.INSTANT).paused()))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("the device loader writes to memory");
  }

  /** QEMU's own files lack zero pages of every block, those of ROMs and displays too. */
  @Test
  void zeroPagesThatQemuLeftOut() throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "VGA");
    try (RunningQemu source = boot(TestedQemu.QEMU_10, spec)) {
      source.awaitGeneration(3);
      source.switchOn("mapped-ram");
      source.migrate("file:" + file());
      try (RunningQemu target = waiting(TestedQemu.QEMU_10, spec)) {
        assertNotNative(
            target,
            " lacks zero pages of RAM block ",
            Remedy.CONVERT_TO_MAPPED_RAM,
            Remedy.USE_STREAM);
        restore(target, RestoreMode.AUTO);
        target.assertGoesOnFrom(source);
      }
    }
  }
}
