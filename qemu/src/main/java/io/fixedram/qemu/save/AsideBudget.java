// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.os.HostMemory;
import java.util.OptionalLong;

/**
 * How much memory a save takes to copy aside what changed: what is expected to have, and some more,
 * but no more than was permitted, and half of what this host has to give at the moment.
 */
final class AsideBudget {
  /** For a guest that changes more than was seen. */
  private static final long SPARE_BYTES = 32L << 20;

  private AsideBudget() {}

  /**
   * The memory to take.
   *
   * @param permitted at most; a quarter of the host's memory if nothing was said
   * @param expectedBytes what is expected to have changed
   * @param threads that copy
   * @return 0 if it is too little to be of use
   */
  static long bytes(OptionalLong permitted, long expectedBytes, int threads, HostMemory host) {
    long most = Math.min(permitted.orElse(host.totalBytes() / 4), host.availableBytes() / 2);
    long wanted = Math.max(expectedBytes + expectedBytes / 2 + SPARE_BYTES, 0);
    long bytes = Math.min(most, Math.max(wanted, CopyAside.leastBytes(threads)));
    return bytes < CopyAside.leastBytes(threads) ? 0 : bytes;
  }
}
