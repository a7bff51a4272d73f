// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Counts pages whose fingerprint differs from the one in a table, which is not changed. Not
 * thread-safe; several threads may each use their own counter with one table.
 */
public final class ChangeCount implements PageSink {
  private final FingerprintTable table;
  private final int pageBytes;
  private final MemorySegment print = Arena.ofAuto().allocate(PageFingerprint.BYTES, Long.BYTES);
  private long changedBytes;

  /** Creates a counter at 0. */
  public ChangeCount(FingerprintTable table) {
    this.table = table;
    this.pageBytes = table.pageBytes();
  }

  /** Size of the pages counted. */
  public long changedBytes() {
    return changedBytes;
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    for (long done = 0; done < lengthBytes; done += pageBytes) {
      PageFingerprint.write(from, fromOffset + done, pageBytes, print, 0);
      if (table.isOther(block, (offset + done) / pageBytes, print)) {
        changedBytes += pageBytes;
      }
    }
  }

  /** {@inheritDoc} Zero pages need no copy, and are not counted. */
  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {}
}
