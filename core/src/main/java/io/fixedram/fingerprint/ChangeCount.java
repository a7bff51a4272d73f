// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;

/**
 * Counts pages whose fingerprint differs from the one in a table, which is not changed. Not
 * thread-safe; several threads may each use their own counter with one table.
 */
public final class ChangeCount implements PageSink {
  private final FingerprintTable table;
  private final int pageBytes;
  private final PagePrints prints;
  private long changedBytes;

  /** Creates a counter at 0. */
  public ChangeCount(FingerprintTable table) {
    this.table = table;
    this.pageBytes = table.pageBytes();
    this.prints = new PagePrints(pageBytes);
  }

  /** Size of the pages counted. */
  public long changedBytes() {
    return changedBytes;
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    prints.forEach(
        from,
        fromOffset,
        lengthBytes,
        (done, memory, at) -> {
          if (table.isOther(block, (offset + done) / pageBytes, memory, at)) {
            changedBytes += pageBytes;
          }
        });
  }

  /** {@inheritDoc} Zero pages need no copy, and are not counted. */
  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {}
}
