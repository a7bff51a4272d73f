// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.wire.ConfigurationDescription;
import io.fixedram.wire.ConfigurationSection;
import io.fixedram.wire.RamRecordWriter;
import io.fixedram.wire.StreamOutput;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Writes a sequential migration stream that any QEMU with the guest's machine type can load. Zero
 * pages are written as ZERO records, as QEMU does.
 */
public final class StreamEncoder implements SaveSink {
  private static final int BUFFER_BYTES = 1 << 20;

  private final StreamOutput out;
  private Optional<RamRecordWriter> records = Optional.empty();
  private Configuration configuration = Configuration.of("none");

  /** Prepares to write a stream from its first byte. */
  public StreamEncoder(ByteTarget target) {
    this.out = new StreamOutput(target, BUFFER_BYTES);
  }

  /** Bytes of pages written as data so far. */
  public long pageBytes() {
    return records.map(RamRecordWriter::pageBytes).orElse(0L);
  }

  /** Bytes of the stream written so far. */
  public long streamBytes() {
    return out.position();
  }

  private RamRecordWriter records() {
    return records.orElseThrow(() -> new IllegalStateException("pages before begin"));
  }

  @Override
  public void begin(SaveHeader header) {
    configuration = header.configuration();
    ConfigurationSection.write(out, header.configuration(), Optional.empty());
    RamRecordWriter writer = new RamRecordWriter(out, header);
    writer.start();
    records = Optional.of(writer);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    records().data(block, offset, from, fromOffset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    records().zero(block, offset, lengthBytes);
  }

  @Override
  public void drain() {
    out.flush();
  }

  @Override
  public void end(DeviceState state) {
    endSections(state);
    finish(state);
  }

  /**
   * Writes the end of the RAM and the device sections, without the EOF byte and the description
   * that complete the stream.
   */
  public void endSections(DeviceState state) {
    records().end();
    out.bytes(state.bytes(), 0, state.sectionsBytes());
    out.flush();
  }

  /** Writes the EOF byte and the description, after {@link #endSections}. */
  public void finish(DeviceState state) {
    ConfigurationDescription.writeEnd(out, state, configuration, Optional.empty());
    out.flush();
  }

  @Override
  public void close() {
    out.close();
  }
}
