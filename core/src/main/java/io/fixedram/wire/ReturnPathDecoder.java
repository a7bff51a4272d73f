// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.ProtocolException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.util.Optional;

/**
 * Decoder of the messages that the destination of a postcopy migration sends to its source:
 *
 * <pre>
 *   be16 type, be16 length, then length bytes:
 *     SHUT          be32 status, 0 = received completely
 *     PONG          be32
 *     REQ_PAGES_ID  be64 offset in the block, be32 length in bytes, u8 length, name of the block
 *     REQ_PAGES     be64 offset, be32 length; same block as in the previous request
 *     RECV_BITMAP, RESUME_ACK, SWITCHOVER_ACK, which answer messages that are never sent here
 * </pre>
 *
 * <p>All input is validated: a request must be for whole pages of a block of the save. Not
 * thread-safe.
 */
public final class ReturnPathDecoder implements AutoCloseable {
  private static final int HEAD_BYTES = 4;
  private static final int RANGE_BYTES = Long.BYTES + Integer.BYTES;

  /** Larger than the longest message, whose length field has 16 bits. */
  private static final int BUFFER_BYTES = 1 << 17;

  private final StreamInput in;
  private final RamBlocks blocks;
  private Optional<RamBlock> lastBlock = Optional.empty();

  /** A message from the destination. */
  public sealed interface Message {
    /**
     * The destination is done; the last message.
     *
     * @param status 0 if it has received everything, otherwise an error
     */
    record Shut(int status) implements Message {}

    /**
     * The guest waits for pages.
     *
     * @param block a block of the save
     * @param offset offset of the pages in the block, in bytes
     * @param lengthBytes length in bytes: whole target pages, at least one, all in the block
     */
    record PagesRequest(RamBlock block, long offset, long lengthBytes) implements Message {}

    /** A message that needs no reaction. */
    record Other(int type) implements Message {}
  }

  /**
   * Prepares to read from the first byte that a destination sends.
   *
   * @param name name of the sender, for errors
   */
  public ReturnPathDecoder(ByteSource source, String name, RamBlocks blocks) {
    this.in = new StreamInput(source, name, BUFFER_BYTES);
    this.blocks = blocks;
  }

  /**
   * Waits for the next message; empty if the connection is closed between two messages.
   *
   * @throws ProtocolException if the input is not a valid message
   */
  public Optional<Message> next() {
    if (!in.has(1)) {
      return Optional.empty();
    }
    require(HEAD_BYTES);
    int type = in.be16();
    int length = in.be16();
    require(length);
    return Optional.of(
        switch (type) {
          case StreamFormat.RETURN_SHUT -> {
            checkLength("SHUT", length, Integer.BYTES);
            yield new Message.Shut(in.be32());
          }
          case StreamFormat.RETURN_REQ_PAGES_ID -> requestWithName(length);
          case StreamFormat.RETURN_REQ_PAGES -> {
            checkLength("REQ_PAGES", length, RANGE_BYTES);
            long offset = in.be64();
            long bytes = Integer.toUnsignedLong(in.be32());
            yield request(
                lastBlock.orElseThrow(() -> broken("asks for pages of no RAM block")),
                offset,
                bytes);
          }
          case StreamFormat.RETURN_PONG,
              StreamFormat.RETURN_RECV_BITMAP,
              StreamFormat.RETURN_RESUME_ACK,
              StreamFormat.RETURN_SWITCHOVER_ACK -> {
            in.take(length);
            yield new Message.Other(type);
          }
          default -> throw broken("sends a message of type " + type + ", which is not known");
        });
  }

  private Message requestWithName(int length) {
    if (length <= RANGE_BYTES) {
      throw broken("sends a REQ_PAGES_ID of " + length + " bytes");
    }
    long offset = in.be64();
    long bytes = Integer.toUnsignedLong(in.be32());
    int nameBytes = in.u8();
    checkLength("REQ_PAGES_ID", length, RANGE_BYTES + 1 + nameBytes);
    String name = in.text(nameBytes);
    RamBlock block =
        blocks
            .byName(name)
            .orElseThrow(() -> broken("asks for pages of a RAM block that the save does not have"));
    lastBlock = Optional.of(block);
    return request(block, offset, bytes);
  }

  private Message request(RamBlock block, long offset, long bytes) {
    int pageSize = blocks.targetPageSize();
    if (offset < 0
        || bytes == 0
        || offset % pageSize != 0
        || bytes % pageSize != 0
        || offset > block.usedLength()
        || bytes > block.usedLength() - offset) {
      throw broken(
          "asks for "
              + bytes
              + " bytes at offset "
              + Long.toUnsignedString(offset)
              + " of RAM block "
              + block
              + ", which has "
              + block.usedLength()
              + " bytes in pages of "
              + pageSize);
    }
    return new Message.PagesRequest(block, offset, bytes);
  }

  private void checkLength(String what, int length, int expected) {
    if (length != expected) {
      throw broken("sends a " + what + " of " + length + " bytes instead of " + expected);
    }
  }

  private void require(int bytes) {
    if (!in.has(bytes)) {
      throw broken("ends its connection in the middle of a message");
    }
  }

  private ProtocolException broken(String what) {
    return new ProtocolException(in.name() + " " + what + ": it does not speak QEMU's postcopy");
  }

  @Override
  public void close() {
    in.close();
  }
}
