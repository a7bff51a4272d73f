// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.guest.RamBlock;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.zip.Deflater;

/**
 * A random sequential stream with every kind of record and command that a source may send, put
 * together byte by byte, and the answers that its source waits for.
 */
public final class RandomStream {
  /** Those of {@link RandomGuests} that only QEMUs have which know SWITCHOVER_ACK. */
  private static final Set<String> NEW_MACHINES = Set.of("pc-q35-10.0", "virt-9.2");

  private final Random random;
  private final Guest guest;
  private final boolean differences;
  private final boolean footers;
  private final int id;
  private final Bytes out = new Bytes();
  private final Bytes answers = new Bytes();
  private boolean returnPathOpened;
  private Optional<RamBlock> lastBlock = Optional.empty();

  private RandomStream(Random random, Guest guest, boolean differences) {
    this.random = random;
    this.guest = guest;
    this.differences = differences;
    this.id = guest.header().ramSectionId();
    this.footers = guest.tail().description().isEmpty() || random.nextInt(4) > 0;
  }

  /**
   * Makes a stream.
   *
   * @param guest is as the stream says when this returns
   * @param differences whether there may be XBZRLE records
   */
  public static RandomStream of(Random random, Guest guest, boolean differences) {
    RandomStream stream = new RandomStream(random, guest, differences);
    stream.build();
    return stream;
  }

  /** The stream. */
  public byte[] bytes() {
    return out.toArray();
  }

  /** What its source must get on the return path, if there is one. */
  public byte[] answers() {
    return answers.toArray();
  }

  private void build() {
    out.head(guest.header().configuration(), "");
    commands();
    out.startRam(id).list(guest.blocks());
    if (returnPathOpened && NEW_MACHINES.contains(guest.header().configuration().machine())) {
      answers.be16(7).be16(0);
    }
    records();
    footer();
    int parts = random.nextInt(4);
    for (int i = parts; i > 0; i--) {
      commands();
      out.part(id);
      records();
      footer();
    }
    commands();
    if (parts == 0 || guest.tail().sectionsBytes() == 0 || random.nextInt(4) > 0) {
      out.end(id);
      records();
      footer();
      commands();
    }
    out.raw(guest.tail().toBytes());
    if (!guest.tail().description().isEmpty() && random.nextBoolean()) {
      byte[] ignored = new byte[random.nextInt(200)];
      random.nextBytes(ignored);
      out.raw(ignored);
    }
    if (returnPathOpened) {
      answers.be16(1).be16(4).be32(0);
    }
  }

  private void footer() {
    if (footers) {
      out.footer(id);
    }
  }

  private void commands() {
    for (int i = random.nextInt(3); i > 0; i--) {
      switch (random.nextInt(4)) {
        case 0 -> {
          out.command(1);
          returnPathOpened = true;
        }
        case 1 -> {
          int number = random.nextInt();
          out.command(2, new Bytes().be32(number).toArray());
          if (returnPathOpened) {
            answers.be16(2).be16(4).be32(number);
          }
        }
        case 2 -> out.command(3, new Bytes().be64(4096).be64(4096).toArray());
        default -> out.command(11);
      }
    }
  }

  /** A payload from after the list of blocks on. */
  private void records() {
    lastBlock = Optional.empty();
    List<RamBlock> blocks =
        guest.blocks().stream().filter(block -> block.usedLength() > 0).toList();
    for (int i = random.nextInt(30); i > 0; i--) {
      RamBlock block = RandomGuests.pick(random, blocks);
      long page = random.nextLong(block.usedLength() / guest.pageSize());
      switch (random.nextInt(differences ? 8 : 6)) {
        case 0, 1 -> page(block, page, RandomGuests.content(random, guest.pageSize()));
        case 2 -> zeros(block, page);
        case 3 -> filled(block, page);
        case 4 -> compressed(block, page);
        case 5 -> out.be64(0x200);
        default -> difference(block, page);
      }
    }
    out.eos();
  }

  private void record(RamBlock block, long page, int flag) {
    boolean same = lastBlock.filter(last -> last.index() == block.index()).isPresent();
    out.record(
        page * guest.pageSize(),
        flag,
        same && random.nextInt(4) > 0 ? Optional.empty() : Optional.of(block));
    lastBlock = Optional.of(block);
  }

  private void page(RamBlock block, long page, byte[] content) {
    record(block, page, 8);
    out.raw(content);
    guest.put(block, page * guest.pageSize(), content);
  }

  /** A run, mostly of one page. */
  private void zeros(RamBlock block, long first) {
    long pages = block.usedLength() / guest.pageSize();
    for (long page = first; page < pages && (page == first || random.nextInt(3) > 0); page++) {
      record(block, page, 2);
      out.u8(0);
      guest.put(block, page * guest.pageSize(), new byte[guest.pageSize()]);
    }
  }

  private void filled(RamBlock block, long page) {
    byte[] content = new byte[guest.pageSize()];
    Arrays.fill(content, (byte) (1 + random.nextInt(255)));
    record(block, page, 2);
    out.u8(content[0]);
    guest.put(block, page * guest.pageSize(), content);
  }

  private void compressed(RamBlock block, long page) {
    byte[] content =
        random.nextInt(4) == 0
            ? new byte[guest.pageSize()]
            : RandomGuests.content(random, guest.pageSize());
    byte[] packed = new byte[guest.pageSize() * 2];
    int length;
    try (Deflater deflater = new Deflater(random.nextInt(10))) {
      deflater.setInput(content);
      deflater.finish();
      length = deflater.deflate(packed);
    }
    record(block, page, 0x100);
    out.be32(length).raw(Arrays.copyOf(packed, length));
    guest.put(block, page * guest.pageSize(), content);
  }

  private void difference(RamBlock block, long page) {
    byte[] before = guest.page(block, page);
    byte[] after = before.clone();
    for (int i = random.nextInt(6); i > 0; i--) {
      int at = random.nextInt(after.length);
      int end = Math.min(after.length, at + 1 + random.nextInt(300));
      for (int j = at; j < end; j++) {
        after[j] = (byte) (random.nextInt(8) == 0 ? before[j] : random.nextInt());
      }
    }
    if (random.nextInt(6) == 0) {
      Arrays.fill(after, (byte) 0);
    }
    byte[] encoded = encode(before, after, random.nextBoolean());
    if (encoded.length > guest.pageSize()) {
      page(block, page, after);
      return;
    }
    record(block, page, 0x40);
    out.u8(1).be16(encoded.length).raw(encoded);
    guest.put(block, page * guest.pageSize(), after);
  }

  /**
   * The runs of unchanged and of changed bytes in turn, byte by byte.
   *
   * @param whole whether a last run of unchanged bytes is told too
   */
  public static byte[] encode(byte[] before, byte[] after, boolean whole) {
    Bytes encoded = new Bytes();
    int at = 0;
    while (at < after.length) {
      int start = at;
      while (at < after.length && before[at] == after[at]) {
        at++;
      }
      if (at == after.length && !whole) {
        break;
      }
      length(encoded, at - start);
      start = at;
      while (at < after.length && before[at] != after[at]) {
        at++;
      }
      if (at > start) {
        length(encoded, at - start);
        encoded.raw(Arrays.copyOfRange(after, start, at));
      }
    }
    return encoded.toArray();
  }

  /** Seven bits a byte, the lowest first, the top bit set in all but the last. */
  private static void length(Bytes out, int value) {
    int left = value;
    while (left >= 0x80) {
      out.u8((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    out.u8(left);
  }
}
