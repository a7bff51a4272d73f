// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.StoreState;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.RamPages;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A running QEMU as a store of pages, compared with what it migrates itself. */
class MemoryStoreTest extends MemoryTest {
  private static final int MIB = 1 << 20;

  private static GuestSpec backend(String... words) {
    return GuestSpec.small()
        .with("-object", String.join(",", words))
        .with("-machine", "memory-backend=ram");
  }

  private Path memoryFile(Path in) {
    return in.resolve("fixedram-memory-" + ProcessHandle.current().pid());
  }

  /** A file with content of its own, as a template is. */
  private Path template() throws IOException {
    Path file = memoryFile(directory);
    byte[] content = new byte[64 * MIB];
    new Random(3).nextBytes(content);
    Files.write(file, content);
    return file;
  }

  @ParameterizedTest
  @EnumSource
  void plainMemory(TestedQemu version) throws Exception {
    GuestSpec spec =
        GuestSpec.small().with("-vga", "std", "-device", "e1000", "-device", "qemu-xhci");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sharedMemoryFile(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, backend("memory-backend-memfd,id=ram,size=64M"))) {
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_10, on", "QEMU_7, off", "QEMU_10, off"})
  void memoryOfAFile(TestedQemu version, String share) throws Exception {
    GuestSpec spec =
        backend("memory-backend-file,id=ram,size=64M", "share=" + share, "mem-path=" + template());
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryOfAFileInSharedMemory(TestedQemu version) throws Exception {
    Path file = memoryFile(Path.of("/dev/shm"));
    GuestSpec spec = backend("memory-backend-file,id=ram,size=64M,share=on", "mem-path=" + file);
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      assertSameAsMigrated(qemu, this);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoNodes(TestedQemu version) throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .with("-object", "memory-backend-ram,id=one,size=32M", "-numa", "node,memdev=one")
            .with("-object", "memory-backend-memfd,id=two,size=32M", "-numa", "node,memdev=two");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      assertSameAsMigrated(qemu, this);
    }
  }

  /** It is not to run: its firmware is what lies in the flash, which is nothing. */
  @ParameterizedTest
  @EnumSource
  void flash(TestedQemu version) throws Exception {
    Path flash = directory.resolve("flash");
    try (RandomAccessFile file = new RandomAccessFile(flash.toFile(), "rw")) {
      file.setLength(MIB);
      file.seek(MIB / 2);
      file.writeBytes("what is in the flash");
    }
    GuestSpec spec =
        GuestSpec.small().with("-S", "-drive", "if=pflash,format=raw,unit=0,file=" + flash);
    try (RunningQemu qemu = boot(version, spec)) {
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @EnumSource
  void readByManyThreads(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small());
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        Arena arena = Arena.ofShared();
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      RamPages store = memory.pages();
      assertThat(store.parallelReads()).isPositive();
      RamBlock ram = store.header().blocks().list().getFirst();
      MemorySegment content = StoredBlocks.content(arena, store, ram);
      PageMap map = store.pages(ram);
      MemorySegment read = arena.allocate(ram.usedLength());
      Callable<Boolean> each =
          () -> {
            long first = Thread.currentThread().threadId() % 8 * (map.pages() / 8);
            return store.read(map, first, first + map.pages() / 8, read, first * map.pageSize());
          };
      for (Future<Boolean> done :
          threads.invokeAll(IntStream.range(0, 64).mapToObj(_ -> each).toList())) {
        done.get();
      }
      for (long first = 0; first < map.pages(); first += map.pages() / 8) {
        var _ = store.read(map, first, first + map.pages() / 8, read, first * map.pageSize());
      }
      assertThat(read.mismatch(content)).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7, QEMU_7, STREAM", "QEMU_7, QEMU_10, STREAM", "QEMU_10, QEMU_7, STREAM",
    "QEMU_10, QEMU_10, STREAM", "QEMU_10, QEMU_10, NATIVE", "QEMU_7, QEMU_10, NATIVE"
  })
  void whatIsReadIsAGuest(TestedQemu from, TestedQemu to, RestoreMode mode) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-vga", "std");
    try (RunningQemu source = bootAndStop(from, spec);
        QmpClient qmp = QmpClient.connect(source.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        PageStore store = memory.store(GuestDevices.take(qmp, "running"))) {
      assertThat(store.state()).isEqualTo(new StoreState.Changing());
      Path file = written(store);
      try (RunningQemu restored = RunningQemu.waiting(to, spec, directory, "restored")) {
        restore(file, restored, mode, false);
        RunningQemu.assertGoesOn(source.serial(), directory, "restored");
      }
      // And it was not harmed.
      source.observer().execute("cont");
      source.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryThatIsPluggedMeanwhile(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-m", "64M,slots=2,maxmem=1G");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      try (QmpClient qmp = QmpClient.connect(qemu.spareQmp());
          QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
        memory.checkUnchanged();
        qmp.execute(
            "object-add",
            Map.of("qom-type", "memory-backend-ram", "id", "more", "size", 128 * MIB));
        qmp.execute("device_add", Map.of("driver", "pc-dimm", "memdev", "more", "id", "dimm"));
        assertThatThrownBy(memory::checkUnchanged)
            .isInstanceOf(FixedRamException.class)
            .hasMessageContaining("QEMU changed its memory meanwhile (RAM block more)");
      }
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatEnds(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small());
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        Arena arena = Arena.ofConfined()) {
      RamPages store = memory.pages();
      RamBlock ram = store.header().blocks().list().getFirst();
      PageMap map = store.pages(ram);
      qemu.kill();
      assertThatThrownBy(() -> store.read(map, 0, 16, arena.allocate(16 * 4096), 0))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("RAM block pc.ram can't be read from offset 0 to 65536")
          .hasMessageContaining("the process is gone");
      assertThatThrownBy(() -> store.pages(ram)).isInstanceOf(FixedRamException.class);
      assertThatThrownBy(memory::checkUnchanged).isInstanceOf(FixedRamException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void blocksAndTheirPageSizes(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small().with("-S"));
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
      List<RamBlock> blocks = memory.blocks().list();
      assertThat(blocks).extracting(RamBlock::name).contains("pc.ram", "pc.bios");
      assertThat(blocks).allMatch(block -> memory.located(block).listed().pageSize() == 4096);
    }
  }
}
