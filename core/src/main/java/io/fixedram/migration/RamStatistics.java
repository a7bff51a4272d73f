// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/**
 * Counters of a migration's memory, in the terms of QEMU's MigrationStats. Pages sent again count
 * again.
 *
 * @param transferredBytes {@code transferred}: bytes taken by the target: of a stream all of them,
 *     at fixed offsets the page content
 * @param downtimeBytes {@code downtime-bytes}: of these, what went in while the guest stood still
 * @param remainingBytes {@code remaining}: known to be dirty and not sent yet
 * @param totalBytes {@code total}: used bytes of all blocks
 * @param zeroPages {@code duplicate}: pages found zero
 * @param normalPages {@code normal}: pages sent as they are
 * @param dirtySyncCount {@code dirty-sync-count}: how often the dirty log was read
 * @param dirtyPagesPerSecond {@code dirty-pages-rate}: between the last two readings; 0 once the
 *     guest is saved
 * @param bytesPerSecond transferred bytes in a second, over the last tenth of one or longer, and
 *     over all of the time once the guest is saved ({@code mbps} tells it in megabits)
 * @param passes passes over the memory so far, the one under way included
 * @param pageSize {@code page-size}: bytes of a target page
 */
public record RamStatistics(
    long transferredBytes,
    long downtimeBytes,
    long remainingBytes,
    long totalBytes,
    long zeroPages,
    long normalPages,
    long dirtySyncCount,
    long dirtyPagesPerSecond,
    long bytesPerSecond,
    long passes,
    int pageSize) {

  /** {@code normal-bytes}: bytes of the pages sent as they are. */
  public long normalBytes() {
    return normalPages * pageSize;
  }
}
