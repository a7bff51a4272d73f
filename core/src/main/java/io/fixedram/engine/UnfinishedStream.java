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
 * Sends a stream and keeps its last bytes back, so that the other side can't take a migration for
 * complete that is cancelled or fails after all: it would run a guest that runs here.
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

  /** Sends what was kept back. */
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
