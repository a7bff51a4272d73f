// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZeroPagesTest {
  @ParameterizedTest
  @ValueSource(ints = {64, 128, 1024, 4096})
  void eachByteCounts(int length) {
    byte[] array = new byte[length + 256];
    try (Arena arena = Arena.ofConfined()) {
      for (MemorySegment memory :
          new MemorySegment[] {MemorySegment.ofArray(array), arena.allocate(length + 256L)}) {
        for (int at = 0; at < memory.byteSize(); at++) {
          memory.set(ValueLayout.JAVA_BYTE, at, (byte) (1 << (at % 8)));
          // At an offset that no word is aligned to.
          boolean inside = at >= 13 && at < 13 + length;
          assertThat(ZeroPages.isZero(memory, 13, length)).as("byte %d", at).isEqualTo(!inside);
          memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
        }
      }
    }
  }
}
