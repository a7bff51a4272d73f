// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/**
 * The way back to a source whose return-path or postcopy-ram capability is on; it waits for answers
 * of the form be16 type, be16 length, body.
 */
public final class ReturnPath {
  private static final int BYTES = 8;

  private final ByteTarget target;
  private long position;

  /** Answers go into the channel that the stream came from. */
  public ReturnPath(WritableByteChannel channel, String name) {
    this.target = ByteTarget.of(channel, name);
  }

  /** Answers a ping. */
  void pong(int number) {
    send(StreamFormat.RETURN_PONG, number);
  }

  /** Says that all was taken. */
  void shut() {
    send(StreamFormat.RETURN_SHUT, 0);
  }

  private void send(int type, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(BYTES);
      message.set(StreamInput.BE16, 0, (short) type);
      message.set(StreamInput.BE16, 2, (short) Integer.BYTES);
      message.set(StreamInput.BE32, 4, value);
      target.write(position, message, 0, BYTES);
      position += BYTES;
    }
  }
}
