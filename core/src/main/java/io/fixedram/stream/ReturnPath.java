// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.bytes.ByteTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The way back to a source whose return-path or postcopy-ram capability is on; it waits for answers
 * of the form be16 type, be16 length, body. Nothing is sent to a source that has not asked for it.
 *
 * <p>A source whose switchover-ack capability is on sends RAM until it gets SWITCHOVER_ACK, which
 * QEMUs before 8.1 take for an error. So it is sent where the machine type is one that only later
 * QEMUs have, and otherwise when the source repeats parts without a page in them, as it does while
 * it waits and has nothing to send.
 */
public final class ReturnPath {
  private static final int HEAD_BYTES = 4;
  private static final int FAILED = 1;

  /** A source that goes by its rate limit sends one now and then, but not so many in a row. */
  private static final int EMPTY_PARTS_OF_WHO_WAITS = 8;

  private static final Pattern MACHINE_VERSION = Pattern.compile(".*-(\\d{1,4})\\.(\\d{1,4})");

  private final ByteTarget target;
  private long position;
  private boolean opened;
  private boolean acknowledged;
  private int emptyParts;

  /** Answers go into the channel that the stream came from. */
  public ReturnPath(WritableByteChannel channel, String name) {
    this.target = ByteTarget.of(channel, name);
  }

  /** The source has asked for answers. */
  void open() {
    opened = true;
  }

  /** Answers a ping. */
  void pong(int number) {
    send(StreamFormat.RETURN_PONG, number);
  }

  /** The first of the RAM has come, from a machine of this type. */
  void follow(String machine) {
    Matcher version = MACHINE_VERSION.matcher(machine);
    if (version.matches()) {
      int major = Integer.parseInt(version.group(1));
      int minor = Integer.parseInt(version.group(2));
      if (major > 8 || (major == 8 && minor >= 1)) {
        acknowledge();
      }
    }
  }

  /** A further part of the RAM has come. */
  void part(boolean pages) {
    emptyParts = pages ? 0 : emptyParts + 1;
    if (emptyParts == EMPTY_PARTS_OF_WHO_WAITS) {
      acknowledge();
    }
  }

  private void acknowledge() {
    if (!acknowledged) {
      acknowledged = true;
      send(StreamFormat.RETURN_SWITCHOVER_ACK);
    }
  }

  /** Says that all was taken, after which the source gives the guest up. */
  public void accept() {
    send(StreamFormat.RETURN_SHUT, 0);
  }

  /** Says that the guest was not taken, so that the source lets it run on. */
  public void refuse() {
    send(StreamFormat.RETURN_SHUT, FAILED);
  }

  private void send(int type, int... body) {
    if (!opened) {
      return;
    }
    int bytes = HEAD_BYTES + body.length * Integer.BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(bytes);
      message.set(StreamInput.BE16, 0, (short) type);
      message.set(StreamInput.BE16, 2, (short) (bytes - HEAD_BYTES));
      for (int i = 0; i < body.length; i++) {
        message.set(StreamInput.BE32, HEAD_BYTES + (long) i * Integer.BYTES, body[i]);
      }
      target.write(position, message, 0, bytes);
      position += bytes;
    }
  }
}
