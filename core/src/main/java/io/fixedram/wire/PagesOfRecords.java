// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Decodes the pages of records and sends them to a sink. */
final class PagesOfRecords implements RamRecordSink, AutoCloseable {
  private final StreamInput in;
  private final SaveSink sink;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment page;
  private final PageDecoder decoder = new PageDecoder();

  PagesOfRecords(StreamInput in, SaveSink sink, int pageSize) {
    this.in = in;
    this.sink = sink;
    this.page = arena.allocate(pageSize, 64);
  }

  @Override
  public void content(EncodedPage record) {
    if (record.encoding() == PageEncoding.PLAIN) {
      sink.data(
          record.block(),
          record.offset(),
          record.from(),
          record.fromOffset(),
          record.lengthBytes());
      return;
    }
    if (record.encoding() == PageEncoding.XBZRLE) {
      readBack().read(record.block(), record.offset(), page);
    }
    Optional<String> problem =
        decoder.decode(
            record.encoding(), record.from(), record.fromOffset(), record.lengthBytes(), page);
    if (problem.isPresent()) {
      throw in.damaged(record.recordPosition(), problem.get());
    }
    sink.data(record.block(), record.offset(), page, 0, page.byteSize());
  }

  private PageReadBack readBack() {
    return sink.readBack()
        .orElseThrow(() ->
            new UnsupportedSaveException(
                "the stream holds xbzrle differences, which only a fixed-offset file can take:"
                    + " choose mapped-ram or fixed-ram as the format"));
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    sink.zero(block, offset, lengthBytes);
  }

  @Override
  public void close() {
    decoder.close();
    arena.close();
  }
}
