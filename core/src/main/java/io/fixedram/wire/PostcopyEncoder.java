// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Writes the stream of a postcopy migration that switches over before any page is sent: the device
 * state first ({@link #begin}), then each page once, in any order, then {@link #end}, and finally
 * {@link #close()}, whether the stream ended or not. Called by one thread at a time. {@link #begin}
 * writes
 *
 * <pre>
 *   header, configuration
 *   COMMAND OPEN_RETURN_PATH
 *   COMMAND POSTCOPY_ADVISE       be64 page sizes of all blocks, ORed; be64 target page size
 *   SECTION_START ram             the list of RAM blocks
 *   COMMAND POSTCOPY_RAM_DISCARD  for each block: u8 0, u8 length, name, u8 0, be64 start, be64 length
 *   COMMAND PACKAGED              be32 length of what follows:
 *     COMMAND POSTCOPY_LISTEN
 *     sections of the devices
 *     COMMAND POSTCOPY_RUN
 * </pre>
 *
 * <p>Every block is discarded completely, so that no content from the destination's firmware is
 * left. A COMMAND is u8 8, be16 command, be16 length, body. (Verified with QEMU 7.2.22 and 10.0.2.)
 */
public final class PostcopyEncoder implements PageSink, AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int COMMAND_HEAD_BYTES = 5;

  /**
   * Maximum length of device sections before the RAM: QEMU's limit for a package is 16 MiB, which
   * includes two commands.
   */
  public static final long MAX_SECTIONS_BYTES = (1L << 24) - 2 * COMMAND_HEAD_BYTES;

  /** Base page size of the hosts that fixedram supports. */
  private static final int HOST_PAGE_BYTES = 4096;

  private final StreamOutput out;
  private Optional<RamRecordWriter> records = Optional.empty();

  /** Prepares to write a stream from its first byte. */
  public PostcopyEncoder(ByteTarget target) {
    this.out = new StreamOutput(target, BUFFER_BYTES);
  }

  private RamRecordWriter records() {
    return records.orElseThrow(() -> new IllegalStateException("pages before begin"));
  }

  /**
   * Starts the stream. The destination can run the guest as soon as it has received these bytes.
   *
   * @throws UnsupportedSaveException if the device state is longer than {@link #MAX_SECTIONS_BYTES}
   */
  public void begin(SaveHeader header, DeviceState state) {
    if (state.sectionsBytes() > MAX_SECTIONS_BYTES) {
      throw new UnsupportedSaveException(
          "the guest's device state is longer, "
              + state.sectionsBytes()
              + " bytes, than QEMU takes before the RAM",
          Remedy.USE_STREAM);
    }
    ConfigurationSection.write(out, header.configuration(), Optional.empty());
    command(StreamFormat.COMMAND_OPEN_RETURN_PATH, 0);
    command(StreamFormat.COMMAND_POSTCOPY_ADVISE, 2 * Long.BYTES);
    out.be64(pageSizes(header));
    out.be64(header.blocks().targetPageSize());
    RamRecordWriter writer = new RamRecordWriter(out, header);
    writer.start();
    for (RamBlock block : header.blocks().list()) {
      if (block.usedLength() > 0) {
        discard(block);
      }
    }
    command(StreamFormat.COMMAND_PACKAGED, Integer.BYTES);
    out.be32((int) state.sectionsBytes() + 2 * COMMAND_HEAD_BYTES);
    command(StreamFormat.COMMAND_POSTCOPY_LISTEN, 0);
    out.bytes(state.bytes(), 0, state.sectionsBytes());
    command(StreamFormat.COMMAND_POSTCOPY_RUN, 0);
    out.flush();
    records = Optional.of(writer);
  }

  private static long pageSizes(SaveHeader header) {
    long sizes = 0;
    for (RamBlock block : header.blocks().list()) {
      sizes |= block.pageSize().orElse(HOST_PAGE_BYTES);
    }
    return sizes;
  }

  private void discard(RamBlock block) {
    int nameBytes = block.name().length();
    command(
        StreamFormat.COMMAND_POSTCOPY_RAM_DISCARD,
        Byte.BYTES + Byte.BYTES + nameBytes + Byte.BYTES + 2 * Long.BYTES);
    out.u8(0);
    out.name8(block.name());
    out.u8(0);
    out.be64(0);
    out.be64(block.usedLength());
  }

  private void command(int command, int bodyBytes) {
    out.u8(StreamFormat.COMMAND);
    out.be16(command);
    out.be16(bodyBytes);
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

  /** Ends the current SECTION_PART and writes all pages so far to the target. */
  public void drain() {
    records().endPart();
    out.flush();
  }

  /** Ends the stream: all pages are final. */
  public void end() {
    records().end();
    out.u8(StreamFormat.EOF);
    out.flush();
  }

  /** Releases the buffer. */
  @Override
  public void close() {
    out.close();
  }
}
