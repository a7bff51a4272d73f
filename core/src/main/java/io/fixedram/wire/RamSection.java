// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import java.util.Optional;

/**
 * The framing of the "ram" section's payloads, and a parser for it:
 *
 * <pre>
 *   u8 SECTION_START, be32 id, u8 length, "ram", be32 instance, be32 version 4, payload
 *   u8 SECTION_PART,  be32 id, payload     any number
 *   u8 SECTION_END,   be32 id, payload   not with background-snapshot
 *   u8 FOOTER, be32 id                     after each of them
 *   u8 COMMAND, be16 command, be16 length, body   between them
 *   device state, as {@link DeviceTail} reads it
 * </pre>
 */
public final class RamSection {
  private final StreamInput in;
  private final Optional<ReturnPath> returnPath;
  private int id;

  /**
   * Prepares to parse a stream whose configuration has been consumed.
   *
   * @param returnPath the return path to a source that waits for answers; empty for a file
   */
  public RamSection(StreamInput in, Optional<ReturnPath> returnPath) {
    this.in = in;
    this.returnPath = returnPath;
  }

  /**
   * Consumes everything before the payload of SECTION_START.
   *
   * @return the section's id
   * @throws UnsupportedSaveException naming a section or command that is not supported
   */
  public int readStart() {
    while (true) {
      long at = in.position();
      int type = in.u8();
      switch (type) {
        case StreamFormat.SECTION_START -> {
          id = readStart(at);
          return id;
        }
        case StreamFormat.COMMAND -> readCommand(at);
        case StreamFormat.SECTION_FULL ->
            throw unsupported(at, "state of " + nameAfterId() + " before the RAM");
        default -> throw in.damaged(at, "a section of type " + type + " where RAM must begin");
      }
    }
  }

  /**
   * Consumes everything after the payload of SECTION_START.
   *
   * @param payload consumes the payload of one SECTION_PART or SECTION_END
   * @param endNeeded whether SECTION_END is required: a fixed-offset file without it has no
   *     bitmaps, but in a stream of a background snapshot the devices follow the last part
   * @throws UnsupportedSaveException naming a section or command that is not supported
   */
  public DeviceState readRest(Runnable payload, boolean endNeeded) {
    footer();
    boolean parts = false;
    boolean ended = false;
    while (true) {
      long at = in.position();
      int type = in.u8();
      switch (type) {
        case StreamFormat.SECTION_START ->
            throw unsupported(at, "the live section " + nameAfterId());
        case StreamFormat.SECTION_PART, StreamFormat.SECTION_END -> {
          int partId = in.be32();
          if (ended || partId != id) {
            throw in.damaged(at, "a part of section " + partId + ", which is not under way");
          }
          payload.run();
          footer();
          parts = true;
          ended = type == StreamFormat.SECTION_END;
        }
        case StreamFormat.COMMAND -> readCommand(at);
        case StreamFormat.SECTION_FULL, StreamFormat.EOF -> {
          if (type == StreamFormat.EOF && !ended) {
            throw in.damaged(at, "the stream ends before its RAM does");
          }
          if (!ended && (endNeeded || !parts)) {
            throw unsupported(at, "state of " + nameAfterId() + " before the end of the RAM");
          }
          in.seek(at);
          return DeviceTail.read(in);
        }
        default -> throw in.damaged(at, "a section of type " + type);
      }
    }
  }

  private int readStart(long at) {
    int startId = in.be32();
    String name = in.name8();
    in.be32();
    int version = in.be32();
    if (!name.equals(StreamFormat.RAM_SECTION)) {
      throw unsupported(at, "the live section " + name);
    }
    if (version != StreamFormat.RAM_SECTION_VERSION) {
      throw unsupported(at, "version " + version + " of the ram section");
    }
    return startId;
  }

  private String nameAfterId() {
    in.be32();
    return in.name8();
  }

  private UnsupportedSaveException unsupported(long at, String what) {
    return new UnsupportedSaveException(
        in.name()
            + " holds "
            + what
            + " (offset "
            + at
            + "), which cannot be carried: only the guest's RAM and the state of devices after it"
            + " can; remove the device or switch off what sends it");
  }

  /** Consumes a footer if there is one; machines with send-section-footer=off send none. */
  private void footer() {
    if (in.peekU8(0) != StreamFormat.FOOTER) {
      return;
    }
    long at = in.position();
    in.u8();
    int footerId = in.be32();
    if (footerId != id) {
      throw in.damaged(at, "the footer of section " + footerId + " ends section " + id);
    }
  }

  private void readCommand(long at) {
    int command = in.be16();
    int length = in.be16();
    switch (command) {
      case StreamFormat.COMMAND_OPEN_RETURN_PATH -> {
        in.bytes(length);
        returnPath.ifPresent(ReturnPath::open);
      }
      case StreamFormat.COMMAND_PING -> {
        if (length != Integer.BYTES) {
          throw in.damaged(at, "a ping of " + length + " bytes");
        }
        int number = in.be32();
        returnPath.ifPresent(path -> path.pong(number));
      }
      // ADVISE only announces that postcopy may follow; SWITCHOVER_START is for destinations that
      // prefetch. Neither has information about the guest.
      case StreamFormat.COMMAND_POSTCOPY_ADVISE, StreamFormat.COMMAND_SWITCHOVER_START ->
          in.bytes(length);
      default ->
          throw unsupported(at, "command " + command + " (of a postcopy or replicating migration)");
    }
  }

  /** Writes SECTION_START up to its payload. */
  public static void writeStart(StreamOutput out, int id) {
    out.u8(StreamFormat.SECTION_START);
    out.be32(id);
    out.name8(StreamFormat.RAM_SECTION);
    out.be32(0);
    out.be32(StreamFormat.RAM_SECTION_VERSION);
  }

  /** Writes SECTION_PART up to its payload. */
  public static void writePart(StreamOutput out, int id) {
    out.u8(StreamFormat.SECTION_PART);
    out.be32(id);
  }

  /** Writes SECTION_END up to its payload. */
  public static void writeEnd(StreamOutput out, int id) {
    out.u8(StreamFormat.SECTION_END);
    out.be32(id);
  }

  /** Writes the footer that ends a section. */
  public static void writeFooter(StreamOutput out, int id) {
    out.u8(StreamFormat.FOOTER);
    out.be32(id);
  }
}
