// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

/**
 * Counters of a migration's memory, in the terms of QEMU's MigrationStats. Pages sent again count
 * again.
 *
 * @param transferredBytes {@code transferred}: bytes received by the target: all bytes of a stream,
 *     or the page content at fixed offsets
 * @param downtimeBytes {@code downtime-bytes}: the part transferred while the guest was stopped
 * @param remainingBytes {@code remaining}: bytes of pages known to be dirty and not sent yet
 * @param totalBytes {@code total}: sum of the used lengths of all blocks
 * @param zeroPages {@code duplicate}: pages found zero
 * @param normalPages {@code normal}: pages sent with their content
 * @param dirtySyncCount {@code dirty-sync-count}: number of times the dirty log was read
 * @param dirtyPagesPerSecond {@code dirty-pages-rate}: rate between the last two reads of the log;
 *     0 once the guest is saved
 * @param bytesPerSecond transferred bytes per second, measured over at least the last 100 ms, and
 *     over the whole migration once the guest is saved ({@code mbps} is the same in megabits per
 *     second)
 * @param passes number of passes over the memory so far, including the current one
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

  /** {@code normal-bytes}: bytes of the pages sent with their content. */
  public long normalBytes() {
    return normalPages * pageSize;
  }
}
