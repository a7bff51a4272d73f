// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RamBlocksTest {
  @ParameterizedTest
  @ValueSource(ints = {0, -4096, 512, 3000, 1 << 17, Integer.MIN_VALUE})
  void refusesPageSizesThatCannotBe(int pageSize) {
    assertThatThrownBy(() -> new RamBlocks(pageSize, List.of()))
        .isExactlyInstanceOf(FixedRamException.class)
        .hasMessage(pageSize + " bytes cannot be a target page size");
  }

  @ParameterizedTest
  @ValueSource(longs = {-4096, 1, 4095, 1L << 47, Long.MIN_VALUE})
  void refusesLengthsThatCannotBe(long length) {
    assertThatThrownBy(() -> new RamBlocks(4096, List.of(new RamBlock(0, "pc.ram", length))))
        .isExactlyInstanceOf(FixedRamException.class)
        .hasMessage(
            "RAM block pc.ram has a length of "
                + Long.toUnsignedString(length)
                + " bytes: it must be a multiple of the target page size, 4096, and all RAM"
                + " together at most 70368744177664");
  }

  @Test
  void refusesASumThatCannotBe() {
    List<RamBlock> blocks = List.of(new RamBlock(0, "a", 1L << 46), new RamBlock(1, "b", 4096));
    assertThatThrownBy(() -> new RamBlocks(4096, blocks))
        .hasMessageStartingWith("RAM block b has a length of 4096 bytes");
  }

  @Test
  void refusesANameThatComesTwice() {
    List<RamBlock> blocks = List.of(new RamBlock(0, "a", 4096), new RamBlock(1, "a", 4096));
    assertThatThrownBy(() -> new RamBlocks(4096, blocks))
        .isExactlyInstanceOf(FixedRamException.class)
        .hasMessage("RAM block a is listed twice");
  }

  @Test
  void findsBlocksAndCounts() {
    RamBlock a = new RamBlock(0, "a", 4096);
    RamBlock b = new RamBlock(1, "b", 12288);
    RamBlocks blocks = new RamBlocks(4096, List.of(a, b));
    assertThat(blocks.byName("b")).containsSame(b);
    assertThat(blocks.byName("c")).isEmpty();
    assertThat(blocks.totalBytes()).isEqualTo(16384);
    assertThat(blocks.pages(b)).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\u043f\u0430\u043c\u044f\u0442\u044c", "LONG"})
  void namesThatAStreamCannotCarryAreRefused(String name) {
    String used = name.equals("LONG") ? "x".repeat(256) : name;
    assertThatThrownBy(() -> new RamBlock(0, used, 4096))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("a RAM block cannot be named");
    assertThatThrownBy(() -> Configuration.of(used))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("a machine type cannot be named");
    assertThatThrownBy(() -> Configuration.of("x").withCapabilities(List.of(used)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("a capability cannot be named");
  }
}
