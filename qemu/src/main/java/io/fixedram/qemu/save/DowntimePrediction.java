// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.save.MemoryPasses.Pass;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.time.Duration;

/**
 * How long a guest that is saved in place while it runs will stand still: until QEMU has stopped it
 * and handed over its devices, all its memory was read once more, and what changed copied aside, or
 * written where there is no room for it.
 */
final class DowntimePrediction {
  /** To stop, to take the devices' state, to look whether all is as it was, and to go on. */
  private static final Duration FIXED = Duration.ofMillis(15);

  /** Of a processor, to read memory of another process and take its fingerprints. */
  private static final double USUAL_NANOS_A_BYTE = 0.2;

  /** Of a processor, to copy what changed. */
  private static final double COPY_NANOS_A_BYTE = 0.25;

  /** Of one thread, to look up which pages have content: an entry of 8 bytes for each page. */
  private static final double LOOK_NANOS_A_BYTE = 0.01;

  private DowntimePrediction() {}

  /**
   * What can be said before anything was read.
   *
   * @param contentBytes pages that may have content, as {@link #contentBytes} counts
   * @param threads how many threads are going to read
   */
  static Duration of(long contentBytes, int threads) {
    return FIXED.plus(
        nanos(contentBytes * (LOOK_NANOS_A_BYTE + USUAL_NANOS_A_BYTE / processors(threads))));
  }

  /** Bytes of pages that may have content: all others need not be read. */
  static long contentBytes(PageStore store) {
    long bytes = 0;
    for (RamBlock block : store.blocks()) {
      PageMap map = store.pages(block);
      bytes += map.stored().cardinality() * map.pageSize();
    }
    return bytes;
  }

  /**
   * What can be said once memory was read. Processor time tells what it costs where nobody else
   * wants the processors, and the time that passed what it costs here, of which the guest's own
   * processors take their share until they stand still.
   *
   * @param sample some of the memory, read just now
   * @param threads how many threads have read it, and are going to
   * @param guestProcessors of the guest
   * @param asideBytes room for what changed
   * @param diskBytesASecond what the file takes, for what there is no room for
   */
  static Duration of(
      Pass sample, int threads, int guestProcessors, long asideBytes, double diskBytesASecond) {
    double alone = sample.worked().toNanos() / (double) processors(threads);
    double here = sample.elapsed().toNanos() * (double) threads / (threads + guestProcessors);
    double nanosAByte = Math.max(alone, here) / Math.max(1, sample.readBytes());
    double changed = sample.changedOfAll();
    double left = Math.max(0, changed - asideBytes) / Math.max(1, diskBytesASecond);
    return FIXED
        .plus(sample.looked())
        .plus(nanos(sample.contentBytes() * nanosAByte))
        .plus(nanos(changed * COPY_NANOS_A_BYTE / processors(threads)))
        .plus(nanos(left * 1e9));
  }

  private static int processors(int threads) {
    return Math.clamp(Runtime.getRuntime().availableProcessors(), 1, threads);
  }

  private static Duration nanos(double count) {
    return Duration.ofNanos((long) count);
  }
}
