// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StorePart;
import io.fixedram.store.Envelope;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Saves in an envelope that begins with be32 start of the body and be32 its length, or -1 if the
 * body's offsets count from the envelope's beginning.
 */
final class EnvelopeTarget implements FuzzTarget {
  private static final int HEAD_BYTES = 8;

  @Override
  public String name() {
    return "envelope";
  }

  @Override
  public void read(byte[] input) {
    try (PageStore store = Saves.open(new MemoryStore(input), List.of(EnvelopeTarget::body))) {
      if (store.header().blocks().totalBytes() <= FixedFileTarget.MAX_RAM_BYTES) {
        Pages.of(store).assertSame(Pages.of(store), "again");
      }
    }
  }

  private static Optional<Envelope.Body> body(ByteStore store) {
    byte[] head = store.readHead(0, HEAD_BYTES);
    if (head.length < HEAD_BYTES) {
      return Optional.empty();
    }
    ByteBuffer fields = ByteBuffer.wrap(head);
    long start = Integer.toUnsignedLong(fields.getInt());
    int length = fields.getInt();
    if (length == -1) {
      return Optional.of(new Envelope.Body(store, start));
    }
    // An envelope checks its own fields.
    return start <= store.sizeBytes() && length >= 0 && length <= store.sizeBytes() - start
        ? Optional.of(new Envelope.Body(new StorePart(store, start, length), 0))
        : Optional.empty();
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      var guest = SmallGuests.of(new Random(i));
      byte[] body =
          switch (i % 3) {
            case 0 -> Bytes.mappedRam(guest, 1024, 1);
            case 1 -> Bytes.fixedRam(guest, 1024, 1);
            default -> Bytes.stream(guest);
          };
      Bytes all = new Bytes().be32(i < 3 ? 16 : HEAD_BYTES).be32(i < 3 ? body.length : -1);
      seeds.add(all.zeros(i < 3 ? 8 : 0).raw(body).toArray());
    }
    return seeds;
  }
}
