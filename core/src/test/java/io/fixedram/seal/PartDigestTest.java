// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.testing.NaiveSeal;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PartDigestTest {
  private static String digest(byte[] bytes) {
    return digest(PrintKind.FAST, bytes);
  }

  private static String digest(PrintKind kind, byte[] bytes) {
    MemorySegment all = MemorySegment.ofArray(bytes);
    ByteSource source =
        (position, into, offset, length) -> {
          // Few bytes at a time, as a pipe gives them.
          long count = Math.min(Math.min(length, 100_003), bytes.length - position);
          MemorySegment.copy(all, position, into, offset, count);
          return count;
        };
    return PartDigest.of(
        kind,
        new PartDigest.Input(source, OptionalLong::of, "memory"),
        0,
        bytes.length,
        new Cancellation());
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

  /** Computed by a program of its own, written after docs/format.md. */
  @Test
  void ofSignedFilesIsAsDocumented() {
    assertThat(digest(PrintKind.SHA_256, bytes(9, "fixedram\n"::charAt)))
        .isEqualTo("e02b44b363c56bc597f6b46e23964d0389c2aac5fb011481ef5c9acbfa923fe0");
    assertThat(digest(PrintKind.SHA_256, bytes(10000, i -> i)))
        .isEqualTo("26e766f2941930f3d6fb8aac59d8e0839b88fd4f8a4519cdf9d6c77f92b55cb7");
    assertThat(digest(PrintKind.SHA_256, bytes(2 << 20, i -> i / 4096)))
        .isEqualTo("6b448285c0599e60d290e4990f9bd13dbdc42e7ada28d6775cbe09c592e97557");
    assertThat(digest(PrintKind.SHA_256, new byte[0])).isEqualTo("0".repeat(64));
  }

  /** Runs of zeros of all lengths, which are skipped, give what reading them gives. */
  @ParameterizedTest
  @EnumSource
  void holesAreZeros(PrintKind kind) {
    Random random = new Random(2);
    for (int round = 0; round < 30; round++) {
      byte[] bytes = new byte[1 + random.nextInt(3 << 20)];
      for (int runs = random.nextInt(4); runs > 0; runs--) {
        bytes[random.nextInt(bytes.length)] = 1;
      }
      PartDigest.Input sparse =
          new PartDigest.Input(
              PartDigest.Input.of(bytes, "memory").bytes(),
              position -> {
                long at = position;
                while (at < bytes.length && bytes[(int) at] == 0) {
                  at++;
                }
                return at < bytes.length ? OptionalLong.of(at) : OptionalLong.empty();
              },
              "memory");
      assertThat(PartDigest.of(kind, sparse, 0, bytes.length, new Cancellation()))
          .isEqualTo(NaiveSeal.digest(bytes, kind == PrintKind.SHA_256));
    }
  }

  /** A hole takes no time, however long it is. */
  @Test
  void hugeHoles() {
    long end = Long.MAX_VALUE - 10_000;
    PartDigest.Input sparse =
        new PartDigest.Input(
            (position, into, offset, length) -> {
              into.asSlice(offset, length).fill((byte) 7);
              return length;
            },
            position -> OptionalLong.of(Math.max(position, end - 5000)),
            "memory");
    String digest = PartDigest.of(PrintKind.FAST, sparse, 0, end, new Cancellation());
    assertThat(digest).hasSize(32).isNotEqualTo("0".repeat(32));
    assertThat(PartDigest.of(PrintKind.FAST, sparse, 0, end - 9000, new Cancellation()))
        .isEqualTo("0".repeat(32));
  }

  @Test
  void canBeCancelled() {
    Cancellation cancellation = new Cancellation();
    PartDigest.Input endless =
        new PartDigest.Input(
            (position, into, offset, length) -> {
              if (position > 10 << 20) {
                assertThat(cancellation.cancel()).isTrue();
              }
              return length;
            },
            OptionalLong::of,
            "memory");
    assertThatThrownBy(
            () -> PartDigest.of(PrintKind.FAST, endless, 0, Long.MAX_VALUE >> 1, cancellation))
        .isInstanceOf(CancelledException.class);
  }
}
