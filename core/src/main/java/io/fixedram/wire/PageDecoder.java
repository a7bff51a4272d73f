// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Decodes the content of page records. Not thread-safe. */
public final class PageDecoder implements AutoCloseable {
  private final Inflater inflater = new Inflater();

  /** Creates a decoder for any number of pages. */
  public PageDecoder() {}

  /**
   * Decodes a page.
   *
   * @param into memory of one page; for {@link PageEncoding#XBZRLE} it holds the previous content
   * @return the problem as a noun phrase if the content is invalid; empty if it was decoded
   */
  public Optional<String> decode(
      PageEncoding encoding,
      MemorySegment from,
      long fromOffset,
      long lengthBytes,
      MemorySegment into) {
    return switch (encoding) {
      case PLAIN -> {
        MemorySegment.copy(from, fromOffset, into, 0, lengthBytes);
        yield Optional.empty();
      }
      case FILL -> {
        into.fill(from.get(JAVA_BYTE, fromOffset));
        yield Optional.empty();
      }
      case COMPRESSED -> inflate(from.asSlice(fromOffset, lengthBytes), into);
      case XBZRLE ->
          Xbzrle.apply(from, fromOffset, lengthBytes, into)
              ? Optional.empty()
              : Optional.of("an xbzrle difference that does not fit its page");
    };
  }

  private Optional<String> inflate(MemorySegment from, MemorySegment into) {
    inflater.reset();
    inflater.setInput(from.asByteBuffer());
    try {
      return inflater.inflate(into.asByteBuffer()) == into.byteSize()
          ? Optional.empty()
          : Optional.of("a compressed page that is not of the page size");
    } catch (DataFormatException e) {
      return Optional.of("a compressed page that zlib cannot read");
    }
  }

  @Override
  public void close() {
    inflater.end();
  }
}
