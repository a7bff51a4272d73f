// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveSink;
import io.fixedram.wire.StreamReader;

/**
 * A sequential migration stream as a source of pages. Reads at the speed of the sink, at most one
 * buffer of 1 MiB ahead. Nothing is sent back to the stream's sender.
 */
public final class StreamDecoder implements PageSource {
  private final StreamReader reader;

  /**
   * Prepares to read a stream from its first byte.
   *
   * @param name name of the source, for errors
   */
  public StreamDecoder(ByteSource source, String name) {
    this.reader = new StreamReader(source, name);
  }

  /**
   * {@inheritDoc}
   *
   * @throws io.fixedram.error.DamagedSaveException if the stream is damaged or ends early
   * @throws UnsupportedSaveException naming the part of the stream that can't be carried
   */
  @Override
  public void sendTo(SaveSink sink) {
    reader.sendTo(sink);
  }
}
