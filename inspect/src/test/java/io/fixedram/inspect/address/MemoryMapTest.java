// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.qemu.manifest.MemoryFacts;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryMapTest {
  private static SaveHeader header(String machine, RamBlock... blocks) {
    return new SaveHeader(Configuration.of(machine), new RamBlocks(4096, List.of(blocks)), 2);
  }

  /** Where QEMU's own `info mtree` says that memory is, with machines of both kinds. */
  @ParameterizedTest
  @CsvSource({
    "pc-q35-7.2, 512, 512",
    "pc-q35-7.2, 2815, 2815",
    "pc-q35-7.2, 2816, 2048",
    "pc-q35-7.2, 8192, 2048",
    "pc-i440fx-7.2, 3583, 3583",
    "pc-i440fx-7.2, 3584, 3072",
    "pc-i440fx-7.2, 8192, 3072"
  })
  void derived(String machine, long mebibytes, long belowMebibytes) {
    RamBlock ram = new RamBlock(0, "pc.ram", mebibytes << 20);
    MemoryMap map = MemoryMap.derived(header(machine, ram)).orElseThrow();
    assertThat(map.origin()).isEqualTo(MemoryMap.Origin.DERIVED);
    assertThat(map.find(0x9ffff)).isPresent();
    assertThat(map.find(0xa0000)).isEmpty();
    assertThat(map.find(0xc0000).orElseThrow().offset()).isEqualTo(0xc0000);
    assertThat(map.find((belowMebibytes << 20) - 1)).isPresent();
    assertThat(map.find(belowMebibytes << 20)).isEmpty();
    assertThat(map.find(1L << 32).map(MapRange::offset))
        .isEqualTo(
            mebibytes > belowMebibytes ? Optional.of(belowMebibytes << 20) : Optional.empty());
    assertThat(map.addressOf(ram, ram.usedLength() - 1)).isPresent();
  }

  @Test
  void notDerived() {
    RamBlock ram = new RamBlock(0, "pc.ram", 512 << 20);
    assertThat(MemoryMap.derived(header("virt-7.2", ram))).isEmpty();
    assertThat(MemoryMap.derived(header("pc-q35-7.2", new RamBlock(0, "mem0", 512 << 20))))
        .isEmpty();
  }

  /** A manifest may say anything. */
  @Test
  void impossibleRangesAreLeftOut() {
    RamBlock ram = new RamBlock(0, "pc.ram", 1 << 20);
    List<MemoryFacts.Range> told =
        List.of(
            range(0, 4096, "pc.ram", 0),
            range(0, 8192, "pc.ram", 0),
            range(8192, 4096, "other", 0),
            range(16384, 2 << 20, "pc.ram", 0),
            range(16384, 4096, "pc.ram", -4096),
            range(16384, -1, "pc.ram", 0),
            range(Long.MAX_VALUE, 4096, "pc.ram", 0),
            range(32768, 4096, "pc.ram", 8192));
    MemoryMap map = MemoryMap.of(told, new RamBlocks(4096, List.of(ram))).orElseThrow();
    assertThat(map.ranges())
        .containsExactly(
            new MapRange(0, 4096, ram, 0, true), new MapRange(32768, 4096, ram, 8192, true));
    assertThat(MemoryMap.of(List.of(), new RamBlocks(4096, List.of(ram)))).isEmpty();
  }

  private static MemoryFacts.Range range(long address, long bytes, String block, long offset) {
    return new MemoryFacts.Range(address, bytes, true, Optional.of(block), offset);
  }

  @Test
  void rangesDoNotOverlap() {
    RamBlock ram = new RamBlock(0, "pc.ram", 1 << 20);
    assertThatThrownBy(() ->
            new MemoryMap(
                List.of(
                    new MapRange(4096, 4096, ram, 0, true), new MapRange(0, 4097, ram, 0, true)),
                MemoryMap.Origin.GIVEN))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
