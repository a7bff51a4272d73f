// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.ZeroPages;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Writes a sequential migration stream that any QEMU can load which has the guest's machine type.
 * Pages that hold only zeros go as ZERO records, as QEMU sends them.
 */
public final class StreamEncoder implements PageSink {
  private static final int BUFFER_BYTES = 1 << 20;

  /**
   * Payload after which a new SECTION_PART begins. QEMU's destination does other work only between
   * sections, so that they must not grow without bounds.
   */
  private static final long PART_BYTES = 16 << 20;

  private static final int NO_BLOCK = -1;

  private final StreamOutput out;
  private Optional<SaveHeader> header = Optional.empty();
  private int lastBlock = NO_BLOCK;
  private boolean inPart;
  private long partStart;
  private long pageBytes;

  /** Prepares to write a stream from its first byte. */
  public StreamEncoder(ByteTarget target) {
    this.out = new StreamOutput(target, BUFFER_BYTES);
  }

  /** Bytes of pages written as data so far. */
  public long pageBytes() {
    return pageBytes;
  }

  /** Bytes of the stream so far. */
  public long streamBytes() {
    return out.position();
  }

  private SaveHeader header() {
    return header.orElseThrow(() -> new IllegalStateException("pages before begin"));
  }

  @Override
  public void begin(SaveHeader begun) {
    header = Optional.of(begun);
    ConfigurationSection.write(out, begun.configuration(), Optional.empty());
    RamSection.writeStart(out, begun.ramSectionId());
    MemSizeList.write(out, begun.blocks(), block -> {});
    out.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(out, begun.ramSectionId());
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    int pageSize = header().blocks().targetPageSize();
    for (long done = 0; done < lengthBytes; done += pageSize) {
      if (ZeroPages.isZero(from, fromOffset + done, pageSize)) {
        zeroRecord(block, offset + done);
      } else {
        record(block, offset + done, StreamFormat.RAM_PAGE);
        out.bytes(from, fromOffset + done, pageSize);
        pageBytes += pageSize;
      }
    }
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    int pageSize = header().blocks().targetPageSize();
    for (long done = 0; done < lengthBytes; done += pageSize) {
      zeroRecord(block, offset + done);
    }
  }

  private void zeroRecord(RamBlock block, long offset) {
    record(block, offset, StreamFormat.RAM_ZERO);
    out.u8(0);
  }

  private void record(RamBlock block, long offset, int kind) {
    if (inPart && out.position() - partStart > PART_BYTES) {
      endPart();
    }
    if (!inPart) {
      RamSection.writePart(out, header().ramSectionId());
      partStart = out.position();
      inPart = true;
    }
    if (lastBlock == block.index()) {
      out.be64(offset | kind | StreamFormat.RAM_CONTINUE);
    } else {
      out.be64(offset | kind);
      out.name8(block.name());
      lastBlock = block.index();
    }
  }

  private void endPart() {
    out.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(out, header().ramSectionId());
    inPart = false;
    // A new section starts without a block to continue.
    lastBlock = NO_BLOCK;
  }

  @Override
  public void drain() {
    out.flush();
  }

  @Override
  public void end(DeviceState state) {
    if (inPart) {
      endPart();
    }
    RamSection.writeEnd(out, header().ramSectionId());
    out.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(out, header().ramSectionId());
    out.bytes(state.bytes(), 0, state.sizeBytes());
    out.flush();
  }

  @Override
  public void close() {
    out.close();
  }
}
