// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.bytes.ByteTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The return path to a source whose return-path or postcopy-ram capability is on. Such a source
 * waits for messages of the form be16 type, be16 length, body. Nothing is sent to a source that has
 * not opened the return path.
 *
 * <p>A source whose switchover-ack capability is on sends RAM until it receives SWITCHOVER_ACK,
 * which is an error for QEMUs before 8.1. It is therefore sent at once if the machine type exists
 * only in QEMU 8.1 and later, and otherwise when the source repeatedly sends parts without pages,
 * as it does while it waits and has nothing to send.
 */
public final class ReturnPath {
  private static final int HEAD_BYTES = 4;
  private static final int FAILED = 1;

  /**
   * Number of consecutive parts without pages after which the source is taken to wait for an
   * answer; a source that is merely at its rate limit sends fewer.
   */
  private static final int MAX_EMPTY_PARTS = 8;

  private static final Pattern MACHINE_VERSION = Pattern.compile(".*-(\\d{1,4})\\.(\\d{1,4})");

  private final ByteTarget target;
  private long position;
  private boolean opened;
  private boolean acknowledged;
  private int emptyParts;

  /** Sends messages into the channel that the stream comes from. */
  public ReturnPath(WritableByteChannel channel, String name) {
    this.target = ByteTarget.of(channel, name);
  }

  /** Records that the source has opened the return path. */
  void open() {
    opened = true;
  }

  /** Answers a ping. */
  void pong(int number) {
    send(StreamFormat.RETURN_PONG, number);
  }

  /** Called after the first RAM payload, with the source's machine type. */
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

  /** Called after each further RAM payload, with whether it had pages. */
  void part(boolean pages) {
    emptyParts = pages ? 0 : emptyParts + 1;
    if (emptyParts == MAX_EMPTY_PARTS) {
      acknowledge();
    }
  }

  private void acknowledge() {
    if (!acknowledged) {
      acknowledged = true;
      send(StreamFormat.RETURN_SWITCHOVER_ACK);
    }
  }

  /**
   * Tells the source that the guest was received completely; the source then completes its
   * migration.
   */
  public void accept() {
    send(StreamFormat.RETURN_SHUT, 0);
  }

  /** Tells the source that receiving failed, so that it lets the guest run on. */
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
