// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import java.util.Optional;

/**
 * Reads a sequential migration stream: as a source of pages, its page records alone, or its header
 * alone. Reads at the speed of the receiver, at most one buffer of 1 MiB ahead.
 */
public final class StreamReader implements PageSource {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int HEADER_BUFFER_BYTES = 1 << 16;

  private final ByteSource source;
  private final String name;
  private final Optional<ReturnPath> returnPath;

  /**
   * Prepares to read a stream from its first byte.
   *
   * @param name name of the source, for errors
   */
  public StreamReader(ByteSource source, String name) {
    this(source, name, Optional.empty());
  }

  /**
   * Prepares to read a stream from its first byte, with a return path for sources that open one.
   */
  public StreamReader(ByteSource source, String name, Optional<ReturnPath> returnPath) {
    this.source = source;
    this.name = name;
    this.returnPath = returnPath;
  }

  /**
   * {@inheritDoc}
   *
   * @throws io.fixedram.error.DamagedSaveException if the stream is damaged or ends early
   * @throws UnsupportedSaveException naming the part of the stream that can't be carried
   */
  @Override
  public void sendTo(SaveSink sink) {
    try (StreamInput in = new StreamInput(source, name, BUFFER_BYTES)) {
      RamSection section = new RamSection(in, returnPath);
      SaveHeader header = readHeader(in, section);
      sink.begin(header);
      try (PagesOfRecords pages = new PagesOfRecords(in, sink, header.blocks().targetPageSize())) {
        sink.end(readRest(in, section, header, pages));
      }
    }
  }

  /**
   * Reads the stream and passes on its page records without decoding them.
   *
   * @param records receives the records
   * @return the device state
   */
  public DeviceState readRecords(RamRecordSink records) {
    try (StreamInput in = new StreamInput(source, name, BUFFER_BYTES)) {
      RamSection section = new RamSection(in, returnPath);
      return readRest(in, section, readHeader(in, section), records);
    }
  }

  private DeviceState readRest(
      StreamInput in, RamSection section, SaveHeader header, RamRecordSink sink) {
    RamRecords records = new RamRecords(in, sink, header);
    records.readPayload();
    returnPath.ifPresent(path -> path.follow(header.configuration().machine()));
    return section.readRest(() -> readPart(records), false);
  }

  private void readPart(RamRecords records) {
    boolean pages = records.readPayload();
    returnPath.ifPresent(path -> path.part(pages));
  }

  /** Reads the part of the stream that precedes the first page. */
  public SaveHeader readHeader() {
    try (StreamInput in = new StreamInput(source, name, HEADER_BUFFER_BYTES)) {
      return readHeader(in, new RamSection(in, Optional.empty()));
    }
  }

  private static SaveHeader readHeader(StreamInput in, RamSection section) {
    Configuration configuration = ConfigurationSection.read(in);
    for (String capability : configuration.capabilities()) {
      if (!capability.equals(Configuration.X_IGNORE_SHARED)) {
        throw new UnsupportedSaveException(
            in.name()
                + " has its pages laid out by "
                + capability
                + ", which can be read from a file but not as a stream");
      }
    }
    int id = section.readStart();
    return new SaveHeader(configuration, MemSizeList.read(in, configuration, new NoFields()), id);
  }

  /** The sequential layout adds nothing to the list of blocks. */
  private static final class NoFields implements BlockFields {
    @Override
    public boolean follow(StreamInput in, int ahead, long usedLength, boolean last) {
      if (!last) {
        return in.peekU8(ahead) > 0;
      }
      // The first word of a record has a flag in its lowest ten bits; an address or page size has
      // not.
      return (in.peekBe64(ahead) & 0x3ff) != 0;
    }

    @Override
    public void read(StreamInput in, RamBlock block) {}
  }
}
