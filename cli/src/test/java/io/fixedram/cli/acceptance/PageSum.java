// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** A sum over all pages of a save that are not zero, whatever the order they come in. */
final class PageSum implements SaveSink {
  private static final int PAGE_BYTES = 4096;

  private final byte[] page = new byte[PAGE_BYTES];
  private final byte[] zeros = new byte[PAGE_BYTES];
  private long sum;

  private PageSum() {}

  /** The sum of a save, each of whose pages comes once. */
  static long of(Path file) {
    PageSum sum = new PageSum();
    try (PageStore save = Saves.open(file)) {
      save.sendTo(sum);
    }
    return sum.sum;
  }

  @Override
  public void begin(SaveHeader header) {}

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    for (long done = 0; done < lengthBytes; done += PAGE_BYTES) {
      MemorySegment.copy(from, ValueLayout.JAVA_BYTE, fromOffset + done, page, 0, PAGE_BYTES);
      if (!Arrays.equals(page, zeros)) {
        CRC32C crc = new CRC32C();
        crc.update(page);
        long place = ((long) block.index() << 48) + offset + done;
        sum += (place * 31 + crc.getValue()) * 0x9e37_79b9_7f4a_7c15L;
      }
    }
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {}

  @Override
  public void drain() {}

  @Override
  public void end(DeviceState state) {}

  @Override
  public void close() {}
}
