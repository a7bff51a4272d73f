// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.os.HostMemory;
import java.util.OptionalLong;

/**
 * The memory that a live save in place takes for copies of changed pages: half as much again as is
 * expected to have changed, and a reserve, but at most the permitted size and half of the memory
 * that this host has available.
 */
final class AsideBudget {
  /** Reserve for a guest that changes more than expected. */
  private static final long SPARE_BYTES = 32L << 20;

  private AsideBudget() {}

  /**
   * Calculates the size of the memory.
   *
   * @param permitted maximum size; a quarter of the host's memory if empty
   * @param expectedBytes expected size of the changed pages
   * @param threads number of threads that copy pages
   * @return the size in bytes; 0 if it would be too small for these threads
   */
  static long bytes(OptionalLong permitted, long expectedBytes, int threads, HostMemory host) {
    long maxBytes = Math.min(permitted.orElse(host.totalBytes() / 4), host.availableBytes() / 2);
    long wanted = Math.max(expectedBytes + expectedBytes / 2 + SPARE_BYTES, 0);
    long bytes = Math.min(maxBytes, Math.max(wanted, CopyAside.minBytes(threads)));
    return bytes < CopyAside.minBytes(threads) ? 0 : bytes;
  }
}
