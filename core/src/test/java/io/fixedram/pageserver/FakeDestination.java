// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.RamBlock;
import io.fixedram.os.UnixSocket;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * The destination of a postcopy migration, read field by field with none of the code that writes
 * it. Fails if a page comes twice, comes before the device state, or never comes though it is not
 * zero: what has not come by the end reads as zero then.
 */
final class FakeDestination {
  private final UnixSocket socket;
  private final DataInputStream in;
  private final Guest expected;
  private final Guest received;
  private final Set<String> arrived = new HashSet<>();
  private boolean discarded;
  private boolean ended;

  FakeDestination(UnixSocket socket, Guest expected) {
    this.socket = socket;
    this.expected = expected;
    this.received = new Guest(expected.header());
    this.in =
        new DataInputStream(
            new BufferedInputStream(
                new InputStream() {
                  @Override
                  public int read() {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
                  }

                  @Override
                  public int read(byte[] into, int offset, int length) {
                    return socket.read(ByteBuffer.wrap(into, offset, length));
                  }
                }));
  }

  /** What has come. */
  Guest received() {
    return received;
  }

  synchronized boolean has(RamBlock block, long page) {
    return arrived.contains(block.name() + " " + page);
  }

  /** How many pages have come. */
  synchronized int arrived() {
    return arrived.size();
  }

  /** Waits for a page as a CPU does, which the end of the stream wakes. */
  synchronized void await(RamBlock block, long page) throws InterruptedException {
    long until = System.nanoTime() + 20_000_000_000L;
    while (!has(block, page) && !ended) {
      assertThat(System.nanoTime()).as("page %d of %s never comes", page, block).isLessThan(until);
      wait(100);
    }
  }

  /** Asks for pages by the block's name. */
  void request(RamBlock block, long page, long count) {
    int size = expected.pageSize();
    byte[] name = block.name().getBytes(StandardCharsets.ISO_8859_1);
    send(
        new Bytes()
            .be16(3)
            .be16(13 + name.length)
            .be64(page * size)
            .be32(count * size)
            .u8(name.length)
            .raw(name));
  }

  /** Asks for pages of the block that was named last. */
  void requestAgain(long page) {
    send(new Bytes().be16(4).be16(12).be64(page * expected.pageSize()).be32(expected.pageSize()));
  }

  void send(Bytes bytes) {
    // Pages are placed meanwhile, as in QEMU.
    synchronized (socket) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes.toArray());
      while (buffer.hasRemaining()) {
        socket.write(buffer);
      }
    }
  }

  void shut(int status) {
    send(new Bytes().be16(1).be16(4).be32(status));
  }

  /** Reads all that comes before the first page. */
  void readHead() throws IOException {
    assertThat(in.readInt()).isEqualTo(0x5145564d);
    assertThat(in.readInt()).isEqualTo(3);
    assertThat(in.read()).isEqualTo(7);
    assertThat(text(in.readInt())).isEqualTo(expected.header().configuration().machine());
    assertThat(command(1)).isEmpty();
    assertThat(command(3)).isEqualTo(new Bytes().be64(4096).be64(4096).toArray());
    assertThat(in.read()).isEqualTo(1);
    assertThat(in.readInt()).isEqualTo(expected.header().ramSectionId());
    assertThat(text(in.read())).isEqualTo("ram");
    in.skipNBytes(8);
    assertThat(in.readLong()).isEqualTo(expected.header().blocks().totalBytes() | 4);
    for (RamBlock block : expected.blocks()) {
      assertThat(text(in.read())).isEqualTo(block.name());
      assertThat(in.readLong()).isEqualTo(block.usedLength());
    }
    endSection();
    for (RamBlock block : expected.blocks()) {
      if (block.usedLength() > 0) {
        byte[] name = block.name().getBytes(StandardCharsets.ISO_8859_1);
        assertThat(command(6))
            .isEqualTo(
                new Bytes()
                    .u8(0)
                    .u8(name.length)
                    .raw(name)
                    .u8(0)
                    .be64(0)
                    .be64(block.usedLength())
                    .toArray());
      }
    }
    discarded = true;
    int packaged = ByteBuffer.wrap(command(7)).getInt();
    assertThat(packaged).isEqualTo(5 + expected.tail().sectionsBytes() + 5);
    assertThat(command(4)).isEmpty();
    byte[] sections = in.readNBytes((int) expected.tail().sectionsBytes());
    assertThat(sections)
        .isEqualTo(java.util.Arrays.copyOf(expected.tail().toBytes(), sections.length));
    assertThat(command(5)).isEmpty();
  }

  private byte[] command(int number) throws IOException {
    assertThat(in.read()).isEqualTo(8);
    assertThat(in.readUnsignedShort()).isEqualTo(number);
    return in.readNBytes(in.readUnsignedShort());
  }

  private void endSection() throws IOException {
    assertThat(in.readLong()).isEqualTo(0x10);
    endOfSection();
  }

  private void endOfSection() throws IOException {
    assertThat(in.read()).isEqualTo(0x7e);
    assertThat(in.readInt()).isEqualTo(expected.header().ramSectionId());
  }

  private String text(int length) throws IOException {
    return new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
  }

  /** Reads sections of pages until the end of the stream. */
  void readPages() throws IOException {
    assertThat(discarded).isTrue();
    while (true) {
      int type = in.read();
      if (type == 3) {
        assertThat(in.readInt()).isEqualTo(expected.header().ramSectionId());
        endSection();
        assertThat(in.read()).isZero();
        end();
        return;
      }
      if (type < 0) {
        throw new EOFException("the stream ends");
      }
      readPart(type);
    }
  }

  private synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Reads sections until a page has come. */
  void readUntil(RamBlock block, long page) throws IOException {
    while (!has(block, page)) {
      readPart(in.read());
    }
  }

  private void readPart(int type) throws IOException {
    assertThat(type).isEqualTo(2);
    assertThat(in.readInt()).isEqualTo(expected.header().ramSectionId());
    RamBlock block = expected.block(0);
    boolean named = false;
    while (true) {
      long word = in.readLong();
      if (word == 0x10) {
        endOfSection();
        return;
      }
      int pageSize = expected.pageSize();
      long offset = word & -pageSize;
      int flags = (int) (word & (pageSize - 1));
      if ((flags & 0x20) == 0) {
        block = expected.header().blocks().byName(text(in.read())).orElseThrow();
        named = true;
      }
      assertThat(named).isTrue();
      switch (flags & ~0x20) {
        case 0x02 -> {
          assertThat(in.read()).isZero();
          place(block, offset, new byte[pageSize]);
        }
        case 0x08 -> place(block, offset, in.readNBytes(pageSize));
        default -> throw new AssertionError("flags " + flags);
      }
    }
  }

  private synchronized void place(RamBlock block, long offset, byte[] content) {
    long page = offset / expected.pageSize();
    assertThat(arrived.add(block.name() + " " + page))
        .as("page %d of %s comes once", page, block)
        .isTrue();
    received.put(block, offset, content);
    notifyAll();
  }

  /** Checks that nothing is missing and all is right. */
  void assertComplete() {
    Guest.assertSameRam(received, expected);
  }
}
