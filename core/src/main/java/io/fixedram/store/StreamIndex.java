// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.wire.EncodedPage;
import io.fixedram.wire.PageEncoding;
import io.fixedram.wire.RamRecordSink;
import io.fixedram.wire.StreamReader;
import java.util.ArrayList;
import java.util.List;

/**
 * Positions in a stream of the last content of each page, built in one pass over the stream. Each
 * page takes one word in a {@link WordFile}, which bounds the memory for guests of any size; a
 * bitmap for each block says which pages have content. Safe for use by several threads.
 *
 * <pre>
 *   word   bits 0 to 1    encoding: its index in ENCODINGS
 *          bits 2 to 18   length of the encoded content
 *          bits 19 to 63  position of the encoded content in the stream
 * </pre>
 */
final class StreamIndex implements AutoCloseable {
  private static final int ENCODING_BITS = 2;
  private static final int LENGTH_BITS = 17;
  private static final int POSITION_SHIFT = ENCODING_BITS + LENGTH_BITS;
  private static final List<PageEncoding> ENCODINGS =
      List.of(PageEncoding.PLAIN, PageEncoding.FILL, PageEncoding.COMPRESSED, PageEncoding.XBZRLE);

  private final RamBlocks blocks;
  private final List<PageBitmap> stored = new ArrayList<>();

  /** Number of the first page of each block among the pages of all blocks. */
  private final List<Long> firstWords = new ArrayList<>();

  private final WordFile words;
  private final DeviceStateOutcome outcome;

  /** Location of a page's content in the stream. */
  record Entry(PageEncoding encoding, long position, int lengthBytes) {}

  private StreamIndex(StreamReader stream, RamBlocks blocks, WordFile words) {
    this.blocks = blocks;
    this.words = words;
    long pages = 0;
    for (RamBlock block : blocks.list()) {
      stored.add(new PageBitmap(blocks.pages(block)));
      firstWords.add(pages);
      pages += blocks.pages(block);
    }
    this.outcome = DeviceStateOutcome.of(() -> stream.readRecords(new Recorder()));
  }

  /** Indexes a stream with these blocks up to its end, or to the offset where it is damaged. */
  static StreamIndex of(StreamReader stream, RamBlocks blocks) {
    WordFile words = new WordFile();
    try {
      return new StreamIndex(stream, blocks, words);
    } catch (RuntimeException | Error e) {
      words.close();
      throw e;
    }
  }

  private final class Recorder implements RamRecordSink {
    @Override
    public void content(EncodedPage page) {
      long number = page.offset() / blocks.targetPageSize();
      words.put(
          firstWords.get(page.block().index()) + number,
          page.position() << POSITION_SHIFT
              | (long) page.lengthBytes() << ENCODING_BITS
              | ENCODINGS.indexOf(page.encoding()));
      stored.get(page.block().index()).set(number, 1);
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      int pageSize = blocks.targetPageSize();
      stored.get(block.index()).clear(offset / pageSize, lengthBytes / pageSize);
    }
  }

  /** Pages of a block whose last content is not zero. */
  PageBitmap stored(RamBlock block) {
    return stored.get(block.index());
  }

  /** Location of the last content of a page that is not zero. */
  Entry entry(RamBlock block, long page) {
    long word = words.get(firstWords.get(block.index()) + page);
    return new Entry(
        ENCODINGS.get((int) (word & (1 << ENCODING_BITS) - 1)),
        word >>> POSITION_SHIFT,
        (int) (word >>> ENCODING_BITS) & (1 << LENGTH_BITS) - 1);
  }

  /**
   * The device state at the end of the stream.
   *
   * @throws FixedRamException if the stream has none; the index then has the pages up to the damage
   */
  DeviceState deviceState() {
    return outcome.get();
  }

  @Override
  public void close() {
    words.close();
  }
}
