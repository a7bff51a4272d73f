// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.qemu.save.MemoryPasses.Pass;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.time.Duration;

/**
 * Predicts the downtime of a live save in place: the time in which QEMU stops the guest and returns
 * its device state, all memory is read once more, and changed pages are copied aside, or written if
 * there is no memory for copies.
 */
final class DowntimePrediction {
  /**
   * Usual time to stop the guest, take the device state, check that nothing has changed, and
   * resume.
   */
  private static final Duration USUAL_CONTROL = Duration.ofMillis(15);

  /** The part of it that is not checks: to stop the guest, take the device state and resume. */
  private static final Duration COMMANDS = Duration.ofMillis(5);

  /**
   * Time for checks and commands in the stop, as a multiple of the time for the checks before it.
   * They are done about twice, but small guests on a busy host were stopped for twice that time.
   */
  private static final int CHECKS = 4;

  /**
   * Processor time to read memory of another process and compute its fingerprints: 0.2 s for each
   * GiB on two processors.
   */
  private static final double READ_NANOS_PER_BYTE = 0.4;

  /** Processor time to copy changed pages. */
  private static final double COPY_NANOS_PER_BYTE = 0.25;

  /**
   * Time of one thread to look up which pages may have content: an entry of 8 bytes for each page.
   */
  private static final double LOOK_NANOS_PER_BYTE = 0.01;

  private DowntimePrediction() {}

  /**
   * Predicts the downtime before any memory was read.
   *
   * @param contentBytes size of the pages that may have content, as returned by {@link
   *     #contentBytes}
   * @param threads number of threads that will read
   */
  static Duration of(long contentBytes, int threads) {
    return USUAL_CONTROL.plus(
        nanos(contentBytes * (LOOK_NANOS_PER_BYTE + READ_NANOS_PER_BYTE / processors(threads))));
  }

  /** Size of the pages that may have content; the others need not be read. */
  static long contentBytes(RamPages pages) {
    return pages.blocks().stream().map(pages::pages).mapToLong(PageMap::storedBytes).sum();
  }

  /**
   * Predicts the downtime from a sample. Its processor time shows the speed on idle processors; its
   * elapsed time shows the speed on this host, less the share that the guest's vCPUs take until
   * they stop. The slower one is assumed.
   *
   * @param checks time that it took just before to check the guest as in the stop, which is longer
   *     on a busy host
   * @param sample part of the memory, read just before
   * @param threads number of threads that read it and will read the memory
   * @param guestProcessors number of vCPUs
   * @param asideBytes memory for copies of changed pages
   * @param diskBytesASecond speed of writing, for changed pages without such memory
   */
  static Duration of(
      Duration checks,
      Pass sample,
      int threads,
      int guestProcessors,
      long asideBytes,
      double diskBytesASecond) {
    double alone = sample.worked().toNanos() / (double) processors(threads);
    double here = sample.elapsed().toNanos() * (double) threads / (threads + guestProcessors);
    double nanosAByte = Math.max(alone, here) / Math.max(1, sample.readBytes());
    double changed = sample.changedOfAll();
    double left = Math.max(0, changed - asideBytes) / Math.max(1, diskBytesASecond);
    return COMMANDS
        .plus(checks.multipliedBy(CHECKS))
        .plus(sample.looked())
        .plus(nanos(sample.contentBytes() * nanosAByte))
        .plus(nanos(changed * COPY_NANOS_PER_BYTE / processors(threads)))
        .plus(nanos(left * 1e9));
  }

  private static int processors(int threads) {
    return Math.clamp(Runtime.getRuntime().availableProcessors(), 1, threads);
  }

  private static Duration nanos(double count) {
    return Duration.ofNanos((long) count);
  }
}
