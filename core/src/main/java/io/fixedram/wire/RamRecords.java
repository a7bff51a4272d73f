// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The records of an ordinary "ram" payload, each beginning with a be64: the bits below the target
 * page size are flags, the others an offset in a block:
 *
 * <pre>
 *   ZERO           [block] u8 fill
 *   PAGE           [block] one target page
 *   XBZRLE         [block] u8 1, be16 length, difference from the page's previous content
 *   COMPRESS_PAGE  [block] be32 length, zlib data
 *   MULTIFD_FLUSH
 *   EOS            ends the payload
 *   [block]        u8 length, name; nothing with CONTINUE: same block as in the previous record
 * </pre>
 */
final class RamRecords {
  private static final int KNOWN_SLACK_OF_ZLIB = 64;

  private final StreamInput in;
  private final RamRecordSink sink;
  private final int pageSize;
  private final Map<String, RamBlock> blocks = new HashMap<>();
  private Optional<RamBlock> block = Optional.empty();

  /** Block of a run of zero pages that is not yet sent to the sink. */
  private Optional<RamBlock> zeroBlock = Optional.empty();

  private long zeroOffset;
  private long zeroLength;

  RamRecords(StreamInput in, RamRecordSink sink, SaveHeader header) {
    this.in = in;
    this.sink = sink;
    this.pageSize = header.blocks().targetPageSize();
    header.blocks().list().forEach(each -> blocks.put(each.name(), each));
  }

  /**
   * Consumes one payload up to its EOS.
   *
   * @return whether the payload had pages
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
        case StreamFormat.RAM_ZERO -> readZero(target(flags, offset, at), offset, at);
        case StreamFormat.RAM_PAGE ->
            content(target(flags, offset, at), offset, PageEncoding.PLAIN, pageSize, at);
        case StreamFormat.RAM_XBZRLE -> readDifference(target(flags, offset, at), offset, at);
        case StreamFormat.RAM_COMPRESS_PAGE ->
            readCompressed(target(flags, offset, at), offset, at);
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

  private void content(
      RamBlock target, long offset, PageEncoding encoding, int length, long recordPosition) {
    flushZeros();
    int place = in.take(length);
    sink.content(
        new EncodedPage(
            target,
            offset,
            encoding,
            in.buffer(),
            place,
            length,
            recordPosition,
            in.position() - length));
  }

  private void readZero(RamBlock target, long offset, long at) {
    if (in.peekU8(0) > 0) {
      content(target, offset, PageEncoding.FILL, 1, at);
      return;
    }
    in.u8();
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
    content(target, offset, PageEncoding.XBZRLE, length, at);
  }

  private void readCompressed(RamBlock target, long offset, long at) {
    int length = in.be32();
    if (length <= 0 || length > pageSize + pageSize / 1000 + KNOWN_SLACK_OF_ZLIB) {
      throw in.damaged(at, "a compressed page of " + Integer.toUnsignedString(length) + " bytes");
    }
    content(target, offset, PageEncoding.COMPRESSED, length, at);
  }

  private static String hex(long value) {
    return Long.toHexString(value);
  }
}
