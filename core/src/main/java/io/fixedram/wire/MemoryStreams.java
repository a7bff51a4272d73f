// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.bytes.ByteSource;
import io.fixedram.bytes.ByteTarget;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Parts of a stream in memory. */
public final class MemoryStreams {
  private static final int BUFFER_BYTES = 1 << 16;

  private MemoryStreams() {}

  /** The bytes that are written to an output. */
  public static byte[] write(Consumer<StreamOutput> writer) {
    ByteArrayOutputStream collected = new ByteArrayOutputStream();
    ByteTarget target =
        (position, from, offset, length) ->
            collected.writeBytes(from.asSlice(offset, length).toArray(JAVA_BYTE));
    try (StreamOutput out = new StreamOutput(target, BUFFER_BYTES)) {
      writer.accept(out);
      out.flush();
    }
    return collected.toByteArray();
  }

  /** Reads memory as a stream. */
  public static StreamInput read(MemorySegment bytes) {
    ByteSource source =
        (position, into, offset, length) -> {
          long count = Math.min(length, bytes.byteSize() - position);
          MemorySegment.copy(bytes, position, into, offset, count);
          return count;
        };
    return new StreamInput(source, "the device state", BUFFER_BYTES);
  }
}
