// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.bytes.ByteSource;
import io.fixedram.testing.NaiveSeal;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class PartDigestTest {
  private static String digest(byte[] bytes) {
    MemorySegment all = MemorySegment.ofArray(bytes);
    ByteSource source =
        (position, into, offset, length) -> {
          // Few bytes at a time, as a pipe gives them.
          long count = Math.min(Math.min(length, 100_003), bytes.length - position);
          MemorySegment.copy(all, position, into, offset, count);
          return count;
        };
    return PartDigest.of(source, "memory", 0, bytes.length);
  }

  private static byte[] bytes(int length, IntUnaryOperator value) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) value.applyAsInt(i);
    }
    return bytes;
  }

  /** Computed by a program of its own, written after docs/format.md. */
  @Test
  void isAsDocumented() {
    assertThat(digest(bytes(9, "fixedram\n"::charAt)))
        .isEqualTo("e39b6a21e818cf3f9f23bc0fdb2003e4");
    assertThat(digest(bytes(10000, i -> i))).isEqualTo("d230dd45499a2218b3dc178c9ee5e476");
    assertThat(digest(bytes(2 << 20, i -> i / 4096))).isEqualTo("1fc0855beabfa65b1011e872a7d837e3");
    assertThat(digest(new byte[0])).isEqualTo("0".repeat(32));
  }

  /** Lengths at which a level has one piece, or a whole one. */
  @Test
  void isTheNaiveOneAtEveryKindOfLength() {
    Random random = new Random(1);
    for (int length :
        new int[] {
          1, 4095, 4096, 4097, 8192, 255 * 4096, 256 * 4096, 256 * 4096 + 1, 257 * 4096, 3 << 20
        }) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      assertThat(digest(bytes)).as("%d bytes", length).isEqualTo(NaiveSeal.digest(bytes));
      byte[] changed = Arrays.copyOf(bytes, length);
      changed[random.nextInt(length)] ^= 1;
      assertThat(digest(changed)).as("%d bytes", length).isNotEqualTo(digest(bytes));
      Arrays.fill(bytes, (byte) 0);
      assertThat(digest(bytes)).isEqualTo("0".repeat(32));
    }
  }
}
