// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.ZeroPages;
import java.lang.foreign.MemorySegment;

/**
 * Writes the "ram" section of a sequential stream: its start with the list of RAM blocks, then any
 * number of SECTION_PARTs with records of pages, then its end. Zero pages are written as ZERO
 * records, as QEMU does.
 */
public final class RamRecordWriter {
  /**
   * Payload length after which a new SECTION_PART begins. QEMU's destination does other work only
   * between sections, so their length must be bounded.
   */
  private static final long PART_BYTES = 16 << 20;

  private static final int NO_BLOCK = -1;

  private final StreamOutput out;
  private final SaveHeader header;
  private int lastBlock = NO_BLOCK;
  private boolean inPart;
  private long partStart;
  private long pageBytes;

  public RamRecordWriter(StreamOutput out, SaveHeader header) {
    this.out = out;
    this.header = header;
  }

  /** Bytes of pages written as data so far. */
  public long pageBytes() {
    return pageBytes;
  }

  /** Writes SECTION_START. */
  public void start() {
    RamSection.writeStart(out, header.ramSectionId());
    MemSizeList.write(out, header.blocks(), block -> {});
    endPayload();
  }

  /** Writes pages, each as a PAGE or ZERO record according to its content. */
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    int pageSize = header.blocks().targetPageSize();
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

  /** Writes pages that are zero. */
  public void zero(RamBlock block, long offset, long lengthBytes) {
    int pageSize = header.blocks().targetPageSize();
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
      RamSection.writePart(out, header.ramSectionId());
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

  /** Ends the current SECTION_PART, if there is one. */
  public void endPart() {
    if (inPart) {
      endPayload();
      inPart = false;
      // The first record of a section must name its block.
      lastBlock = NO_BLOCK;
    }
  }

  /** Ends the current SECTION_PART and writes SECTION_END. */
  public void end() {
    endPart();
    RamSection.writeEnd(out, header.ramSectionId());
    endPayload();
  }

  private void endPayload() {
    out.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(out, header.ramSectionId());
  }
}
