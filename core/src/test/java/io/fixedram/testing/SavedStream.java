// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.RamBlock;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Reads a sequential stream that fixedram wrote field by field, with none of the code that reads
 * streams, and compares all that is in it with what a naive guest says must be.
 */
public final class SavedStream {
  private final DataInputStream in;
  private final Guest guest;
  private final Guest found;
  private int sections;
  private int dataPages;

  private SavedStream(DataInputStream in, Guest guest) {
    this.in = in;
    this.guest = guest;
    this.found = new Guest(guest.header());
  }

  /** What is of interest of a stream that was found right. */
  public record Counts(int sections, int dataPages) {}

  /** Fails unless a stream is exactly that guest. */
  public static Counts check(byte[] stream, Guest guest) throws IOException {
    SavedStream saved =
        new SavedStream(new DataInputStream(new ByteArrayInputStream(stream)), guest);
    saved.check();
    return new Counts(saved.sections, saved.dataPages);
  }

  private void check() throws IOException {
    int id = guest.header().ramSectionId();
    expect(new Bytes().head(guest.header().configuration(), "").startRam(id));
    expect(new Bytes().list(guest.blocks()).eos().footer(id));
    int type = in.readUnsignedByte();
    while (type == 2) {
      sections++;
      assertThat(in.readInt()).isEqualTo(id);
      readRecords();
      expect(new Bytes().footer(id));
      type = in.readUnsignedByte();
    }
    assertThat(type).isEqualTo(3);
    assertThat(in.readInt()).isEqualTo(id);
    expect(
        new Bytes()
            .eos()
            .footer(id)
            .raw(guest.tail().described(guest.header().configuration(), "").toBytes()));
    assertThat(in.read()).as("bytes after the device state").isEqualTo(-1);
    Guest.assertSameRam(found, guest);
  }

  private void expect(Bytes bytes) throws IOException {
    byte[] wanted = bytes.toArray();
    byte[] read = new byte[wanted.length];
    in.readFully(read);
    assertThat(read).isEqualTo(wanted);
  }

  private void readRecords() throws IOException {
    Optional<RamBlock> block = Optional.empty();
    for (long head = in.readLong(); head != 0x10; head = in.readLong()) {
      int flags = (int) (head & (guest.pageSize() - 1));
      long offset = head & -guest.pageSize();
      if ((flags & 0x20) == 0) {
        byte[] name = new byte[in.readUnsignedByte()];
        in.readFully(name);
        block = guest.header().blocks().byName(new String(name, StandardCharsets.ISO_8859_1));
      }
      RamBlock target = block.orElseThrow(() -> new AssertionError("a page of no block"));
      if (offset < 0 || offset >= target.usedLength()) {
        throw new AssertionError("a page at " + offset + " of " + target);
      }
      if ((flags & ~0x20) == 2) {
        assertThat(in.readByte()).isZero();
        found.zero(target, offset, guest.pageSize());
      } else {
        assertThat(flags & ~0x20).as("flags of a record").isEqualTo(8);
        byte[] page = new byte[guest.pageSize()];
        in.readFully(page);
        assertThat(Guest.isZero(page)).as("a page of zeros sent as data").isFalse();
        found.put(target, offset, page);
        dataPages++;
      }
    }
  }
}
