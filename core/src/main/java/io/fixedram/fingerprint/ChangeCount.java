// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Counts pages with content that are not what a table of fingerprints says, which stays as it is.
 * One thread at a time; several may each have their own over one table.
 */
public final class ChangeCount implements PageSink {
  private final FingerprintTable table;
  private final int pageBytes;
  private final MemorySegment print = Arena.ofAuto().allocate(PageFingerprint.BYTES, Long.BYTES);
  private long changedBytes;

  /** Starts with none. */
  public ChangeCount(FingerprintTable table) {
    this.table = table;
    this.pageBytes = table.pageBytes();
  }

  /** Bytes of such pages. */
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

  /** {@inheritDoc} They cost nothing, and are not counted. */
  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {}
}
