// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AnonymousMemoryTest {
  private static final long BYTES = 64 << 20;

  private static long residentBytes() throws IOException {
    String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1);
    return Long.parseLong(pages[1]) * 4096;
  }

  @Test
  void takesNothingUntilItIsPopulated() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long before = residentBytes();
      MemorySegment memory = AnonymousMemory.allocateHuge(arena, BYTES);
      assertThat(residentBytes() - before).isLessThan(BYTES / 2);
      AnonymousMemory.populate(memory);
      assertThat(residentBytes() - before).isGreaterThan(BYTES / 2);
      assertThat(memory.get(ValueLayout.JAVA_BYTE, BYTES - 1)).isZero();
    }
  }

  /** As where the host has no memory to give: the pages are not touched then. */
  @Test
  @SuppressWarnings("restricted")
  void failsWhereTheKernelGivesNone() {
    MemorySegment unmapped = MemorySegment.ofAddress(1 << 17).reinterpret(4096);
    assertThatThrownBy(() -> AnonymousMemory.populate(unmapped))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("cannot get 4096 bytes of memory: not enough memory");
  }

  @Test
  void workTakesProcessorTime() {
    Duration before = CpuTime.ofProcess();
    assertThat(before).isPositive();
    long start = System.nanoTime();
    while (System.nanoTime() - start < 20_000_000) {
      Thread.onSpinWait();
    }
    assertThat(CpuTime.ofProcess()).isGreaterThan(before);
  }
}
