// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The records of an ordinary "ram" payload, each led by a be64 whose low bits, below the target
 * page size, are flags and whose high bits are an offset in a block:
 *
 * <pre>
 *   ZERO           [block] u8 fill
 *   PAGE           [block] one target page
 *   XBZRLE         [block] u8 1, be16 length, difference to the page's content so far
 *   COMPRESS_PAGE  [block] be32 length, zlib data
 *   MULTIFD_FLUSH
 *   EOS            ends the payload
 *   [block]        u8 length, name; with CONTINUE nothing: the block of the record before
 * </pre>
 */
final class RamRecords implements AutoCloseable {
  private static final int KNOWN_SLACK_OF_ZLIB = 64;

  private final StreamInput in;
  private final PageSink sink;
  private final int pageSize;
  private final Map<String, RamBlock> blocks = new HashMap<>();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment page;
  private final Inflater inflater = new Inflater();

  private Optional<RamBlock> block = Optional.empty();

  /** A run of zero pages that is not handed on yet. */
  private Optional<RamBlock> zeroBlock = Optional.empty();

  private long zeroOffset;
  private long zeroLength;

  RamRecords(StreamInput in, PageSink sink, SaveHeader header) {
    this.in = in;
    this.sink = sink;
    this.pageSize = header.blocks().targetPageSize();
    this.page = arena.allocate(pageSize, 64);
    header.blocks().list().forEach(each -> blocks.put(each.name(), each));
  }

  /**
   * Consumes one payload, to its EOS.
   *
   * @return whether there were pages in it
   */
  boolean readPayload() {
    boolean pages = false;
    while (true) {
      long at = in.position();
      long head = in.be64();
      long offset = head & -pageSize;
      int flags = (int) (head & (pageSize - 1));
      switch (flags & ~StreamFormat.RAM_CONTINUE) {
        case StreamFormat.RAM_EOS -> {
          flushZeros();
          return pages;
        }
        case StreamFormat.RAM_MULTIFD_FLUSH -> {
          continue;
        }
        case StreamFormat.RAM_ZERO -> readZero(target(flags, offset, at), offset);
        case StreamFormat.RAM_PAGE -> {
          RamBlock target = target(flags, offset, at);
          flushZeros();
          int place = in.take(pageSize);
          sink.data(target, offset, in.buffer(), place, pageSize);
        }
        case StreamFormat.RAM_XBZRLE -> {
          RamBlock target = target(flags, offset, at);
          flushZeros();
          readDifference(target, offset, at);
        }
        case StreamFormat.RAM_COMPRESS_PAGE -> {
          RamBlock target = target(flags, offset, at);
          flushZeros();
          readCompressed(target, offset, at);
        }
        case StreamFormat.RAM_HOOK ->
            throw new UnsupportedSaveException(
                in.name() + " is an RDMA stream, which cannot be taken: migrate without rdma");
        default -> throw in.damaged(at, "a RAM record with the flags 0x" + hex(flags));
      }
      pages = true;
    }
  }

  private RamBlock target(int flags, long offset, long at) {
    if ((flags & StreamFormat.RAM_CONTINUE) == 0) {
      String name = in.name8();
      block = Optional.ofNullable(blocks.get(name));
      if (block.isEmpty()) {
        throw in.damaged(at, "a page of RAM block " + name + ", which is not listed");
      }
    }
    RamBlock target = block.orElseThrow(() -> in.damaged(at, "a page of no RAM block"));
    if (offset < 0 || offset >= target.usedLength()) {
      throw in.damaged(at, "a page at 0x" + hex(offset) + ", past the end of " + target);
    }
    return target;
  }

  private void readZero(RamBlock target, long offset) {
    int fill = in.u8();
    if (fill != 0) {
      flushZeros();
      page.fill((byte) fill);
      sink.data(target, offset, page, 0, pageSize);
      return;
    }
    boolean adjoins =
        zeroLength > 0
            && zeroBlock.filter(each -> each.index() == target.index()).isPresent()
            && offset == zeroOffset + zeroLength;
    if (!adjoins) {
      flushZeros();
      zeroBlock = Optional.of(target);
      zeroOffset = offset;
    }
    zeroLength += pageSize;
  }

  private void flushZeros() {
    if (zeroLength > 0) {
      long length = zeroLength;
      zeroLength = 0;
      zeroBlock.ifPresent(target -> sink.zero(target, zeroOffset, length));
    }
  }

  private void readDifference(RamBlock target, long offset, long at) {
    int encoding = in.u8();
    int length = in.be16();
    if (encoding != StreamFormat.XBZRLE_ENCODING || length > pageSize) {
      throw in.damaged(at, "an xbzrle record of encoding " + encoding + ", " + length + " bytes");
    }
    int place = in.take(length);
    sink.current(target, offset, page);
    if (!Xbzrle.apply(in.buffer(), place, length, page)) {
      throw in.damaged(at, "an xbzrle difference that does not fit its page");
    }
    sink.data(target, offset, page, 0, pageSize);
  }

  private void readCompressed(RamBlock target, long offset, long at) {
    int length = in.be32();
    if (length <= 0 || length > pageSize + pageSize / 1000 + KNOWN_SLACK_OF_ZLIB) {
      throw in.damaged(at, "a compressed page of " + Integer.toUnsignedString(length) + " bytes");
    }
    int place = in.take(length);
    inflater.reset();
    inflater.setInput(in.buffer().asSlice(place, length).asByteBuffer());
    try {
      if (inflater.inflate(page.asByteBuffer()) != pageSize) {
        throw in.damaged(at, "a compressed page that is not of the page size");
      }
    } catch (DataFormatException e) {
      throw in.damaged(at, "a compressed page that zlib cannot read");
    }
    sink.data(target, offset, page, 0, pageSize);
  }

  private static String hex(long value) {
    return Long.toHexString(value);
  }

  @Override
  public void close() {
    inflater.end();
    arena.close();
  }
}
