// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.TestedQemu;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where RAM blocks lie, and what is not believed of that. */
class BlockLocatorTest extends MemoryTest {
  private static final QemuRamBlock RAM = block("pc.ram", 0, 0x4000);
  private static final QemuRamBlock ROM = block("0000:00:02.0/vga.rom", 0x4000, 0x1000);

  private static QemuRamBlock block(String name, long offset, long length) {
    return new QemuRamBlock(name, 4096, offset, length, length, OptionalLong.empty());
  }

  private static AddressSpace space(String... lines) {
    return AddressSpace.parse(String.join("\n", lines));
  }

  private static List<LocatedBlock> verify(
      Map<QemuRamBlock, Long> hosts, AddressSpace space, GuestAddresses.Seen... seen) {
    return BlockLocator.verified(
        space, hosts, List.of(RAM, ROM), new GuestAddresses(List.of(seen)));
  }

  private static final GuestAddresses.Seen SEEN =
      new GuestAddresses.Seen("pc.ram", 0x11000, 0x1000);

  private static void assertRefused(
      Class<? extends MemoryObstacle> kind,
      String why,
      Map<QemuRamBlock, Long> hosts,
      AddressSpace space) {
    assertThatThrownBy(() -> verify(hosts, space, SEEN))
        .isInstanceOfSatisfying(
            ObstacleException.class, e -> assertThat(e.obstacle()).isInstanceOf(kind))
        .hasMessageContaining(why);
  }

  @Test
  void addressesThatAreBelieved() {
    AddressSpace space = space("10000-12000 rw-p 0 00:00 0", "12000-15000 r--p 0 08:01 7 /a file");
    List<LocatedBlock> blocks = verify(Map.of(RAM, 0x10000L, ROM, 0x14000L), space, SEEN);
    assertThat(blocks).extracting(LocatedBlock::host).containsExactly(0x10000L, 0x14000L);
    assertThat(blocks.getFirst().mappings()).isEqualTo(space.mappings());
  }

  @Test
  void addressesThatAreNotBelieved() {
    AddressSpace space = space("10000-15000 rw-p 0 00:00 0");
    Map<QemuRamBlock, Long> right = Map.of(RAM, 0x10000L, ROM, 0x14000L);
    assertRefused(
        MemoryObstacle.BlockSeenElsewhere.class,
        "the guest sees it at address 10000, which is not where it was found",
        Map.of(RAM, 0x11000L, ROM, 0x10000L),
        space);
    assertRefused(
        MemoryObstacle.BlocksOverlap.class,
        "pc.ram is there",
        Map.of(RAM, 0x10000L, ROM, 0x13000L),
        space);
    assertRefused(
        MemoryObstacle.BlockNotMapped.class,
        "RAM block pc.ram can't be read in QEMU's memory: not all of it is mapped",
        right,
        space("10000-13000 rw-p 0 00:00 0", "14000-15000 rw-p 0 00:00 0"));
    assertRefused(
        MemoryObstacle.BlockNotReadable.class,
        "not readable memory (---p)",
        right,
        space("10000-14000 rw-p 0 00:00 0", "14000-15000 ---p 0 00:00 0"));
    assertRefused(
        MemoryObstacle.BlockNotReadable.class,
        "not readable memory (rw-s)",
        right,
        space("10000-14000 rw-s 0 00:00 0", "VmFlags: rd wr io pf", "14000-15000 rw-p 0 00:00 0"));
    assertThatThrownBy(() -> verify(right, space))
        .isInstanceOf(ObstacleException.class)
        .hasMessageContaining("none of them is visible to the guest");
  }

  @Test
  void recordsThatAreFoundTwiceOrNever() {
    assertThatThrownBy(() -> BlockLocator.once(Map.of(RAM, Set.of(1L, 2L))))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isEqualTo(new MemoryObstacle.BlockRecords("pc.ram", 2)))
        .hasMessageContaining("pc.ram")
        .hasMessageContaining("found 2 times");
    assertThatThrownBy(() -> BlockLocator.once(Map.of(ROM, Set.of())))
        .isInstanceOf(ObstacleException.class)
        .hasMessageContaining("found nowhere");
  }

  /** QEMU 10 tells the addresses, which a search finds too; QEMU 7.2 has one source alone. */
  @ParameterizedTest
  @EnumSource
  void searchAndListAgree(TestedQemu version) throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .with("-vga", "std", "-device", "e1000", "-device", "e1000", "-device", "VGA")
            .with("-m", "64M,slots=2,maxmem=1G")
            .with("-object", "memory-backend-memfd,id=more,size=128M")
            .with("-device", "pc-dimm,memdev=more");
    try (RunningQemu qemu = bootAndStop(version, spec);
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuPid pid = QemuPid.of(qmp, OptionalInt.empty())) {
      List<QemuRamBlock> listed = QemuRamBlock.ask(qmp);
      BlockLocator locator = new BlockLocator(pid, AddressSpace.of(pid.files()));
      Map<QemuRamBlock, Long> found = locator.search(listed);
      assertThat(found).hasSize(listed.size()).hasSizeGreaterThan(10);
      Map<String, Long> located = new HashMap<>();
      locator.locate(qmp, listed).forEach(block -> located.put(block.name(), block.host()));
      found.forEach((block, host) -> {
        assertThat(located.get(block.name())).as(block.name()).isEqualTo(host);
        block.host().ifPresent(told -> assertThat(host).as(block.name()).isEqualTo(told));
      });
      assertThat(listed.stream().anyMatch(block -> block.host().isPresent()))
          .isEqualTo(version == TestedQemu.QEMU_10);
      // The list of QEMU 10 as one of before 8.0.
      List<QemuRamBlock> untold =
          listed.stream()
              .map(each ->
                  new QemuRamBlock(
                      each.name(),
                      each.pageSize(),
                      each.offset(),
                      each.usedLength(),
                      each.wholeLength(),
                      OptionalLong.empty()))
              .toList();
      assertThat(locator.locate(qmp, untold))
          .extracting(LocatedBlock::host)
          .isEqualTo(listed.stream().map(found::get).toList());
    }
  }
}
