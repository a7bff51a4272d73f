// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.stream.StreamEncoder;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Sends a stream but withholds its last bytes until the migration can't fail any more, so that the
 * destination can't run a guest that still runs here.
 */
final class UnfinishedStream implements SaveSink {
  private final StreamEncoder encoder;
  private Optional<DeviceState> unfinished = Optional.empty();

  UnfinishedStream(StreamEncoder encoder) {
    this.encoder = encoder;
  }

  @Override
  public void begin(SaveHeader header) {
    encoder.begin(header);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    encoder.data(block, offset, from, fromOffset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    encoder.zero(block, offset, lengthBytes);
  }

  @Override
  public void drain() {
    encoder.drain();
  }

  @Override
  public void end(DeviceState state) {
    encoder.endSections(state);
    unfinished = Optional.of(state);
  }

  /** Sends the withheld bytes. */
  void finish() {
    encoder.finish(unfinished.orElseThrow(() -> new IllegalStateException("it has not ended")));
  }

  long streamBytes() {
    return encoder.streamBytes();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
