// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Changes of inputs without knowledge of what they reach, for tests that take a second. */
final class Mutations {
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    Integer.MAX_VALUE,
    1L << 31,
    1L << 32,
    1L << 46,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -4096
  };

  private final Random random;
  private final List<byte[]> inputs;

  Mutations(long seed, List<byte[]> inputs) {
    this.random = new Random(seed);
    this.inputs = inputs;
  }

  /** The next changed input. */
  byte[] next() {
    byte[] changed = any().clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      changed = change(changed);
    }
    return changed;
  }

  private byte[] any() {
    return inputs.get(random.nextInt(inputs.size()));
  }

  private byte[] change(byte[] bytes) {
    if (bytes.length == 0) {
      return any().clone();
    }
    int at = random.nextInt(bytes.length);
    switch (random.nextInt(7)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt();
      case 2 -> put(bytes, at, 8);
      case 3 -> put(bytes, at, 4);
      case 4 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 5 -> {
        byte[] other = any();
        return joined(bytes, at, other, other.length == 0 ? 0 : random.nextInt(other.length));
      }
      default -> {
        return joined(bytes, at, bytes, random.nextInt(bytes.length));
      }
    }
    return bytes;
  }

  private void put(byte[] bytes, int at, int size) {
    long value = EXTREMES[random.nextInt(EXTREMES.length)];
    for (int i = 0; i < size && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> (8 * (size - 1 - i)));
    }
  }

  private static byte[] joined(byte[] first, int end, byte[] second, int from) {
    byte[] all = Arrays.copyOf(first, end + second.length - from);
    System.arraycopy(second, from, all, end, second.length - from);
    return all;
  }
}
