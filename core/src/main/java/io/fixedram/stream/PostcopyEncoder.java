// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Writes what the source of a postcopy migration sends when it switches over before any page has
 * moved: the device state first, then each page once, in any order. {@link #begin} writes
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
 * <p>All of every block is discarded, so that nothing of what the destination's firmware put there
 * is left. A COMMAND is u8 8, be16 command, be16 length, body. (Taken by QEMU 7.2.22 and 10.0.2.)
 */
public final class PostcopyEncoder implements SaveSink {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int COMMAND_HEAD_BYTES = 5;

  /** The most device state that QEMU takes before the RAM: a package of 16 MiB has two commands. */
  public static final long MAX_SECTIONS_BYTES = (1L << 24) - 2 * COMMAND_HEAD_BYTES;

  /** Bytes of a page of the hosts that fixedram runs on. */
  private static final int HOST_PAGE_BYTES = 4096;

  private final StreamOutput out;
  private final DeviceState state;
  private Optional<RamRecordWriter> records = Optional.empty();

  /**
   * Prepares to write a stream from its first byte.
   *
   * @param state the state of the devices, which goes before the pages
   */
  public PostcopyEncoder(ByteTarget target, DeviceState state) {
    this.out = new StreamOutput(target, BUFFER_BYTES);
    this.state = state;
  }

  private RamRecordWriter records() {
    return records.orElseThrow(() -> new IllegalStateException("pages before begin"));
  }

  /**
   * {@inheritDoc} The guest runs, or stands ready, as soon as all of it has arrived.
   *
   * @throws UnsupportedSaveException if the device state is too long to go in one piece
   */
  @Override
  public void begin(SaveHeader header) {
    if (state.sectionsBytes() > MAX_SECTIONS_BYTES) {
      throw new UnsupportedSaveException(
          "the guest's device state is longer, "
              + state.sectionsBytes()
              + " bytes, than QEMU takes before the RAM",
          Remedy.RESTORE_BY_STREAM);
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

  /** Hands all pages so far to the target, as a SECTION_PART of their own. */
  @Override
  public void drain() {
    records().endPart();
    out.flush();
  }

  /** Ends the stream; the device state has gone before. */
  @Override
  public void end(DeviceState sentBefore) {
    records().end();
    out.u8(StreamFormat.EOF);
    out.flush();
  }

  @Override
  public void close() {
    out.close();
  }
}
