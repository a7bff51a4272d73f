// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.RamPages;
import io.fixedram.store.Saves;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests whose pages are written into a QEMU that waits, and whose devices come in a stream. */
class WaitingMemoryTest extends MemoryTest {
  private static final int MIB = 1 << 20;

  /** Saves a stopped guest. */
  private Path saved(RunningQemu source) {
    try (QmpClient qmp = QmpClient.connect(source.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        PageStore store = memory.store(GuestDevices.take(qmp, "running"))) {
      return written(store);
    }
  }

  private static void write(PageStore save, WaitingMemory memory) {
    PageSink sink = memory.sink();
    MemorySegment buffer = Arena.ofAuto().allocate(MIB, 4096);
    for (RamBlock block : memory.direct()) {
      PageMap map = save.pages(block);
      save.send(map, 0, map.pages(), buffer, sink);
    }
  }

  /** What the pages are not in. */
  private Path rest(PageStore save, WaitingMemory memory) throws IOException {
    Path file = directory.resolve("rest");
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        StreamEncoder stream = new StreamEncoder(ByteTarget.of(channel, "the rest"))) {
      save.without(memory.direct()).sendTo(stream);
    }
    return file;
  }

  private static void load(RunningQemu target, Path rest) {
    target.observer().execute("migrate-incoming", Map.of("uri", "exec:cat " + rest));
    RunningQemu.await("the guest", () -> !target.status().equals("inmigrate"));
  }

  private void assertComesBack(TestedQemu from, TestedQemu to, GuestSpec spec, GuestSpec into)
      throws IOException {
    try (RunningQemu source = bootAndStop(from, spec);
        PageStore save = Saves.open(saved(source));
        RunningQemu target = RunningQemu.waiting(to, into, directory, "restored")) {
      try (QmpClient qmp = QmpClient.connect(target.spareQmp());
          WaitingMemory memory =
              WaitingMemory.open(qmp, OptionalInt.empty(), "save", save.header().blocks())) {
        assertThat(memory.direct()).extracting(RamBlock::name).contains("pc.bios");
        write(save, memory);
        try (QemuMemory written = QemuMemory.open(qmp, OptionalInt.empty())) {
          RamPages store = written.pages();
          for (RamBlock block : memory.direct()) {
            assertSame(block, save, store);
          }
        }
        memory.finish();
        Path rest = rest(save, memory);
        assertThat(Files.size(rest)).isLessThan(MIB);
        load(target, rest);
      }
      RunningQemu.assertGoesOn(source.serial(), directory, "restored");
    }
  }

  private static void assertSame(RamBlock block, PageStore save, RamPages store) {
    try (Arena arena = Arena.ofConfined()) {
      RamBlock there = store.header().blocks().byName(block.name()).orElseThrow();
      assertThat(
              StoredBlocks.content(arena, store, there)
                  .mismatch(StoredBlocks.content(arena, save, block)))
          .as(block.name())
          .isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, QEMU_7", "QEMU_7, QEMU_10", "QEMU_10, QEMU_7", "QEMU_10, QEMU_10"})
  void plainMemory(TestedQemu from, TestedQemu to) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-vga", "std", "-device", "e1000");
    assertComesBack(from, to, spec, spec);
  }

  /** Every page of it has content, zero pages of the guest too. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_10, on", "QEMU_7, off", "QEMU_10, off"})
  void memoryWithContent(TestedQemu version, String share) throws Exception {
    Path file = directory.resolve("template");
    byte[] content = new byte[64 * MIB];
    new Random(5).nextBytes(content);
    Files.write(file, content);
    GuestSpec into =
        GuestSpec.small()
            .with(
                "-object",
                "memory-backend-file,id=pc.ram,size=64M,x-use-canonical-path-for-ramblock-id=off"
                    + ",share="
                    + share
                    + ",mem-path="
                    + file)
            .with("-machine", "memory-backend=pc.ram");
    assertComesBack(version, version, GuestSpec.small(), into);
  }

  @ParameterizedTest
  @EnumSource
  void guestThatRuns(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small());
        QmpClient qmp = QmpClient.connect(qemu.spareQmp())) {
      RamBlocks blocks = new RamBlocks(4096, List.of(new RamBlock(0, "pc.ram", 64L * MIB)));
      assertThatThrownBy(() -> WaitingMemory.open(qmp, OptionalInt.empty(), "save", blocks))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(new LoadObstacle.NotWaiting(qmp.endpoint(), "paused")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestWithOtherBlocks(TestedQemu version) throws Exception {
    try (RunningQemu qemu = RunningQemu.waiting(version, GuestSpec.small(), directory, "restored");
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
      List<RamBlock> blocks = memory.blocks().list();
      assertRefused(
          qmp, blocks.subList(1, blocks.size()), new MemoryObstacle.BlockNotInSave("pc.ram"));
      List<RamBlock> more = new ArrayList<>(blocks);
      more.add(new RamBlock(blocks.size(), "more", MIB));
      assertRefused(qmp, more, new LoadObstacle.BlockMissing("save", "more", MIB));
      more.removeLast();
      more.set(0, new RamBlock(0, "pc.ram", 128L * MIB));
      assertRefused(
          qmp, more, new LoadObstacle.OtherLength("save", "pc.ram", 128L * MIB, 64L * MIB));
    }
  }

  private static void assertRefused(QmpClient qmp, List<RamBlock> blocks, Obstacle obstacle) {
    assertThatThrownBy(
            () -> WaitingMemory.open(qmp, OptionalInt.empty(), "save", new RamBlocks(4096, blocks)))
        .isInstanceOfSatisfying(
            ObstacleException.class, e -> assertThat(e.obstacle()).isEqualTo(obstacle));
  }

  /** Its firmware writes to its memory then, while its state stays the same. */
  @ParameterizedTest
  @EnumSource
  void qemuThatIsReset(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-action", "reboot=reset");
    try (RunningQemu qemu = RunningQemu.waiting(version, spec, directory, "restored");
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory found = QemuMemory.open(qmp, OptionalInt.empty());
        WaitingMemory memory =
            WaitingMemory.open(qmp, OptionalInt.empty(), "save", found.blocks())) {
      memory.finish();
      qemu.observer().execute("system_reset");
      RunningQemu.await("the reset", () -> sawReset(qemu.observer()));
      assertThat(qemu.status()).isEqualTo("inmigrate");
      assertThatThrownBy(memory::finish)
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(
                          new LoadObstacle.ChangedMeanwhile(
                              new LoadObstacle.WasReset(qmp.endpoint()))));
      assertThat(qemu.process().waitFor()).isZero();
    }
  }

  private static boolean sawReset(QmpClient observer) {
    return observer
        .nextEvent(Duration.ofMillis(10))
        .filter(event -> event.name().equals("RESET"))
        .isPresent();
  }

  /** Somebody has it load a guest meanwhile. */
  @ParameterizedTest
  @EnumSource
  void qemuThatWaitsNoMore(TestedQemu version) throws Exception {
    try (RunningQemu qemu = RunningQemu.waiting(version, GuestSpec.small(), directory, "restored");
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory found = QemuMemory.open(qmp, OptionalInt.empty());
        WaitingMemory memory =
            WaitingMemory.open(qmp, OptionalInt.empty(), "save", found.blocks());
        Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096);
      RamBlock ram = found.blocks().list().getFirst();
      assertThatThrownBy(() -> memory.sink().data(ram, ram.usedLength() - 2048, page, 0, 4096))
          .isInstanceOf(IndexOutOfBoundsException.class);
      memory.sink().data(ram, 0, page, 0, 4096);
      memory.finish();
      Path socket = directory.resolve("socket");
      qemu.observer().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
      try (SocketChannel source = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        assertThat(source.isConnected()).isTrue();
        // QEMU 7.2 does not say that it listens, but that it loads.
        RunningQemu.await(
            "the load",
            () -> qemu.observer().execute("query-migrate").findText("status").isPresent());
        assertThatThrownBy(memory::finish)
            .isInstanceOfSatisfying(
                ObstacleException.class,
                e -> assertThat(e.obstacle()).isInstanceOf(LoadObstacle.ChangedMeanwhile.class))
            .hasMessageContaining(" changed while its memory was written: it loads a guest")
            .hasMessageEndingWith("it is told to end");
        assertThat(qemu.process().waitFor()).isZero();
      }
    }
  }
}
