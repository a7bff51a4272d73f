// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.testing.Bytes;
import io.fixedram.wire.ReturnPathDecoder;
import io.fixedram.wire.ReturnPathDecoder.Message;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** What the destination of a lazy restore sends: requests for pages. */
final class ReturnPathTarget implements FuzzTarget {
  private static final RamBlocks BLOCKS =
      new RamBlocks(
          4096,
          List.of(
              new RamBlock(0, "pc.ram", 1L << 45),
              new RamBlock(1, "pc.rom", 8192),
              new RamBlock(2, "empty", 0)));

  @Override
  public String name() {
    return "return-path";
  }

  @Override
  public void read(byte[] input) {
    try (ReturnPathDecoder decoder =
        new ReturnPathDecoder(
            (position, into, offset, length) -> {
              long count = Math.min(length, input.length - position);
              MemorySegment.copy(MemorySegment.ofArray(input), position, into, offset, count);
              return count;
            },
            "the input",
            BLOCKS)) {
      for (Optional<Message> next = decoder.next(); next.isPresent(); next = decoder.next()) {
        if (next.get() instanceof Message.PagesRequest request) {
          check(request);
        }
      }
    }
  }

  private static void check(Message.PagesRequest request) {
    long end = request.offset() + request.lengthBytes();
    if (request.offset() % 4096 != 0
        || request.lengthBytes() % 4096 != 0
        || request.lengthBytes() <= 0
        || request.offset() < 0
        || end > request.block().usedLength()) {
      throw new AssertionError("a request that no block has: " + request);
    }
  }

  @Override
  public List<byte[]> seeds() {
    Bytes all = new Bytes();
    all.be16(3).be16(19).be64(4096).be32(4096).name("pc.ram");
    all.be16(4).be16(12).be64(1L << 44).be32(8192);
    all.be16(3).be16(19).be64(0).be32(4096).name("pc.rom");
    all.be16(2).be16(4).be32(7).be16(7).be16(0).be16(1).be16(4).be32(0);
    return List.of(all.toArray());
  }
}
