// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.wire.PageDecoder;
import io.fixedram.wire.PageEncoding;
import io.fixedram.wire.StreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The pages of a sequential migration stream in a file. {@link #sendTo} follows the order of the
 * stream; random reads use a {@link StreamIndex}, which takes one pass over the file and is built
 * on first use.
 */
final class StreamStore implements PageStore {

  private final ByteStore bytes;
  private final long start;
  private final SaveHeader header;
  private Optional<StreamIndex> index = Optional.empty();

  /** Reads the header of a stream. The store then owns and closes the bytes. */
  StreamStore(Envelope.Body body) {
    this.bytes = body.bytes();
    this.start = body.start();
    this.header = decoder().readHeader();
  }

  private StreamReader decoder() {
    return new StreamReader(
        (position, into, offset, length) -> bytes.read(start + position, into, offset, length),
        bytes.name());
  }

  private synchronized StreamIndex index() {
    if (index.isEmpty()) {
      index = Optional.of(StreamIndex.of(decoder(), header.blocks()));
    }
    return index.get();
  }

  @Override
  public String name() {
    return bytes.name();
  }

  @Override
  public SaveHeader header() {
    return header;
  }

  @Override
  public Optional<SaveFile> file() {
    return Optional.of(
        new SaveFile(bytes, start, SaveFormat.STREAM, header.configuration().capabilities()));
  }

  @Override
  public boolean isRandomAccess() {
    return false;
  }

  @Override
  public int parallelReads() {
    return bytes.parallelReads();
  }

  @Override
  public StoreState state() {
    return bytes.state();
  }

  @Override
  public DeviceState deviceState() {
    return index().deviceState();
  }

  @Override
  public PageMap pages(RamBlock block) {
    PageBitmap stored = index().stored(block);
    return new PageMap(block, stored);
  }

  /**
   * {@inheritDoc}
   *
   * @throws UnsupportedSaveException if the last content of a page is an xbzrle difference
   */
  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    StreamIndex pages = index();
    int pageSize = map.pageSize();
    try (Arena arena = Arena.ofConfined();
        PageDecoder decoder = new PageDecoder()) {
      MemorySegment encoded = arena.allocate(2L * pageSize);
      boolean any = false;
      for (long page = map.stored().nextSet(first, end);
          page < end;
          page = map.stored().nextSet(page + 1, end)) {
        StreamIndex.Entry entry = pages.entry(map.block(), page);
        read(
            entry,
            map.block(),
            page,
            encoded,
            decoder,
            into.asSlice(offset + (page - first) * pageSize, pageSize));
        any = true;
      }
      return any;
    }
  }

  private void read(
      StreamIndex.Entry entry,
      RamBlock block,
      long page,
      MemorySegment encoded,
      PageDecoder decoder,
      MemorySegment into) {
    long position = start + entry.position();
    if (entry.encoding() == PageEncoding.PLAIN) {
      bytes.readFully(position, into, 0, into.byteSize());
      return;
    }
    if (entry.encoding() == PageEncoding.XBZRLE) {
      throw new UnsupportedSaveException(
          name()
              + " has page "
              + page
              + " of RAM block "
              + block
              + " as an xbzrle difference to an earlier one, which can't be read by itself: convert"
              + " the stream to a fixed-offset file");
    }
    bytes.readFully(position, encoded, 0, entry.lengthBytes());
    Optional<String> problem =
        decoder.decode(entry.encoding(), encoded, 0, entry.lengthBytes(), into);
    if (problem.isPresent()) {
      throw new DamagedSaveException(
          name() + " is damaged at offset " + position + ": " + problem.get());
    }
  }

  @Override
  public void sendTo(SaveSink sink) {
    decoder().sendTo(sink);
  }

  @Override
  public synchronized void close() {
    try {
      index.ifPresent(StreamIndex::close);
    } finally {
      bytes.close();
    }
  }
}
