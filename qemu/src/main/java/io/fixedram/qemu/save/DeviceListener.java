// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A sink that passes everything on, and tells of the device state before.
 *
 * @param target takes everything; closing this sink closes it
 * @param told receives the device state
 */
record DeviceListener(SaveSink target, Consumer<DeviceState> told) implements SaveSink {
  @Override
  public void begin(SaveHeader header) {
    target.begin(header);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    target.data(block, offset, from, fromOffset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    target.zero(block, offset, lengthBytes);
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return target.readBack();
  }

  @Override
  public void drain() {
    target.drain();
  }

  @Override
  public void end(DeviceState state) {
    told.accept(state);
    target.end(state);
  }

  @Override
  public void close() {
    target.close();
  }
}
