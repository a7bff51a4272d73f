// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads the lines of a channel; each QMP message is one line. Not thread-safe. */
final class LineReader {
  /** The longest answer known, that of query-qmp-schema, has about 200 KiB. */
  private static final int MAX_BYTES = 4 << 20;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 10).limit(0);

  LineReader(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** The next line without its end; empty once the channel has ended. */
  Optional<String> next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      while (buffer.hasRemaining()) {
        byte next = buffer.get();
        if (next == '\n') {
          return Optional.of(line.toString(StandardCharsets.UTF_8));
        }
        line.write(next);
      }
      if (line.size() > MAX_BYTES) {
        throw new FixedRamException("a message of more than " + MAX_BYTES + " bytes");
      }
      buffer.clear();
      int count = channel.read(buffer);
      buffer.flip();
      if (count < 0) {
        buffer.limit(0);
        return Optional.empty();
      }
    }
  }
}
