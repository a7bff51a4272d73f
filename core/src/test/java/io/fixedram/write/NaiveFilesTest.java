// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.stream.StreamDecoder;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.RandomStream;
import io.fixedram.testing.Rounds;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files put together byte by byte as the proposal and QEMU lay them out. */
class NaiveFilesTest {
  private static final RandomGuests.Kinds ONLY_MAIN =
      new RandomGuests.Kinds(4, 200 * 4096, false, true);

  @TempDir private Path directory;

  @Test
  void naiveFilesAreRead() {
    Rounds.run(
        60,
        random -> {
          Guest guest =
              RandomGuests.fill(random, RandomGuests.guest(random, RandomGuests.Kinds.small()));
          long alignment =
              Math.max(guest.pageSize(), RandomGuests.pick(random, List.of(4096, 1 << 20)));
          int parts = random.nextInt(3);
          boolean proposal = random.nextBoolean();
          Path path = directory.resolve("naive");
          Files.write(
              path,
              proposal
                  ? Bytes.fixedRam(guest, alignment, parts)
                  : Bytes.mappedRam(guest, alignment, parts));
          assertHolds(path, proposal ? SaveFormat.FIXED_RAM : SaveFormat.MAPPED_RAM, guest);
          SaveInfo info = SaveInfo.of(path);
          assertThat(info.complete()).isTrue();
          for (RamBlock block : guest.blocks()) {
            assertThat(info.blocks().get(block.index()).present())
                .isEqualTo(guest.nonZero(block).size());
          }
        });
  }

  private static Guest described(Guest guest, String layout) {
    return guest.with(guest.tail().described(guest.header().configuration(), layout));
  }

  @Test
  void filesOfMainMemoryAreTheSameAsNaiveOnes() {
    Rounds.run(
        20,
        random -> {
          Guest guest = RandomGuests.fill(random, RandomGuests.guest(random, ONLY_MAIN));
          long page = Math.max(guest.pageSize(), 4096);
          Path proposal = directory.resolve("proposal");
          write(guest, proposal, SaveFormat.FIXED_RAM, page);
          assertThat(Files.readAllBytes(proposal))
              .isEqualTo(Bytes.fixedRam(described(guest, "fixed-ram"), page, 0));
          Path qemu = directory.resolve("qemu");
          write(guest, qemu, SaveFormat.MAPPED_RAM, 1 << 20);
          assertThat(Files.readAllBytes(qemu))
              .isEqualTo(Bytes.mappedRam(described(guest, "mapped-ram"), 1 << 20, 0));
        });
  }

  /** Of any blocks, with the empty part that a save of one iteration has. */
  @Test
  void filesOfTheProposalAreTheSameAsNaiveOnes() {
    Rounds.run(
        40,
        random -> {
          Guest guest =
              RandomGuests.fill(random, RandomGuests.guest(random, RandomGuests.Kinds.small()));
          Path path = directory.resolve("proposal");
          write(guest, path, SaveFormat.FIXED_RAM, DestinationMemory.EMPTY, guest.pageSize());
          assertThat(Files.readAllBytes(path))
              .isEqualTo(Bytes.fixedRam(guest, guest.pageSize(), 1));
          write(guest, path, SaveFormat.MAPPED_RAM, DestinationMemory.EMPTY, 1 << 16);
          assertThat(Files.readAllBytes(path)).isEqualTo(Bytes.mappedRam(guest, 1 << 16, 1));
        });
  }

  /** As a 32-bit host writes it, whose longs have four bytes. */
  @Test
  void bitmapOfAWriterWithShortWordsIsRead() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 70 * 4096);
    byte[] content = new byte[4096];
    content[7] = 1;
    Guest guest = Guest.of(ram);
    guest.put(ram, 69 * 4096, content);
    Bytes out = new Bytes().head(guest.header().configuration(), "x-fixed-ram").startRam(2);
    out.memSize(ram.usedLength()).entry(ram);
    out.be32(12).be64(4096).zeros(8).u8(1 << 5).zeros(3).padTo(4096);
    out.zeros(69 * 4096).raw(content);
    out.eos().footer(2).end(2).footer(2).raw(guest.tail().toBytes());
    Path path = directory.resolve("short-words");
    Files.write(path, out.toArray());
    assertHolds(path, SaveFormat.FIXED_RAM, guest);
  }

  /** Its size is what the file says: there is no room for what a 64-bit host would round it to. */
  @Test
  void bitmapThatEndsWhereThePagesBeginIsRead() throws IOException {
    int pageSize = 1024;
    Configuration configuration =
        new Configuration("short-1", List.of(), OptionalInt.of(10), Optional.empty());
    RamBlock first = new RamBlock(0, "first", pageSize);
    // Name and fields take 28 bytes of a page, the bitmap of these pages all the rest.
    int bitmapBytes = pageSize - 28;
    int pages = bitmapBytes * 8;
    RamBlock ram = new RamBlock(1, "pc.long", (long) pages * pageSize);
    Guest guest =
        new Guest(new SaveHeader(configuration, new RamBlocks(pageSize, List.of(first, ram)), 2));
    byte[] content = new byte[pageSize];
    content[7] = 1;
    guest.put(ram, (pages - 1L) * pageSize, content);
    Bytes out = new Bytes().head(configuration, "fixed-ram").startRam(2);
    out.memSize(first.usedLength() + ram.usedLength()).entry(first);
    int pagesOffset = (out.size() + 12 + 8 + pageSize - 1) / pageSize * pageSize;
    out.be32(8).be64(pagesOffset).zeros(8).padTo(pageSize).zeros(pageSize).entry(ram);
    out.be32(bitmapBytes).be64(out.size() + 8L + bitmapBytes);
    out.zeros(bitmapBytes - 1).u8(1 << 7);
    assertThat(out.size() % pageSize).isZero();
    out.zeros((pages - 1L) * pageSize).raw(content);
    out.eos().footer(2).end(2).footer(2).raw(guest.tail().toBytes());
    Path path = directory.resolve("no-room");
    Files.write(path, out.toArray());
    assertHolds(path, SaveFormat.FIXED_RAM, guest);
  }

  /** Nothing is said of pages that the block does not have. */
  @Test
  void bitsPastTheLastPageAreIgnored() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 2 * 4096);
    Guest guest = Guest.of(ram);
    byte[] content = new byte[4096];
    content[7] = 1;
    guest.put(ram, 4096, content);
    Bytes out = new Bytes().head(guest.header().configuration(), "fixed-ram").startRam(2);
    out.memSize(ram.usedLength()).entry(ram).be32(16).be64(4096);
    out.u8(0xfe).zeros(6).u8(0xff).be64(-1).padTo(4096).zeros(4096).raw(content);
    out.eos().footer(2).end(2).footer(2).raw(guest.tail().toBytes());
    Path path = directory.resolve("beyond");
    Files.write(path, out.toArray());
    assertHolds(path, SaveFormat.FIXED_RAM, guest);
  }

  /** A page whose bit is clear is zero, whatever stands in its place. */
  @Test
  void staleContentIsNotRead() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 2 * 4096);
    Guest guest = Guest.of(ram);
    Bytes out = new Bytes().head(guest.header().configuration(), "fixed-ram").startRam(2);
    out.memSize(ram.usedLength()).entry(ram).be32(8).be64(4096).zeros(8).padTo(4096);
    out.raw("stale".getBytes(java.nio.charset.StandardCharsets.UTF_8)).padTo(4096).zeros(4096);
    out.eos().footer(2).end(2).footer(2).raw(guest.tail().toBytes());
    Path path = directory.resolve("stale");
    Files.write(path, out.toArray());
    assertHolds(path, SaveFormat.FIXED_RAM, guest);
  }

  /** Only a fixed-offset file can take differences, since they need the page as it was. */
  @Test
  void streamsWithDifferencesAreTakenIntoFiles() {
    Rounds.run(
        60,
        random -> {
          RandomGuests.Kinds kinds =
              random.nextBoolean()
                  ? RandomGuests.Kinds.small()
                  : new RandomGuests.Kinds(12, 3 << 20, false, false);
          Guest guest = RandomGuests.guest(random, kinds);
          MemorySegment bytes = MemorySegment.ofArray(RandomStream.of(random, guest, true).bytes());
          SaveFormat format = random.nextBoolean() ? SaveFormat.FIXED_RAM : SaveFormat.MAPPED_RAM;
          Path path = directory.resolve("received");
          DirectMode direct = random.nextBoolean() ? DirectMode.AUTO : DirectMode.OFF;
          WriteOptions options = new WriteOptions(direct, false, 4096);
          try (SaveWriter writer = SaveWriter.create(path, format, options)) {
            new StreamDecoder(
                    (position, into, offset, length) -> {
                      long count = Math.min(length, bytes.byteSize() - position);
                      MemorySegment.copy(bytes, position, into, offset, count);
                      return count;
                    },
                    "a stream")
                .sendTo(writer.sink());
            writer.publish();
          }
          SavedFile.check(path, guest, format, 4096);
        });
  }

  private static void write(Guest guest, Path path, SaveFormat format, long alignment) {
    write(guest, path, format, DestinationMemory.QEMU, alignment);
  }

  private static void write(
      Guest guest, Path path, SaveFormat format, DestinationMemory destination, long alignment) {
    WriteOptions options = new WriteOptions(DirectMode.AUTO, false, alignment).notSealed();
    try (SaveWriter writer = SaveWriter.create(path, format, destination, options)) {
      Script.of(guest).sendTo(writer.sink());
      writer.publish();
    }
  }

  private static void assertHolds(Path path, SaveFormat format, Guest guest) {
    try (PageStore save = Saves.open(path)) {
      assertThat(save.file().orElseThrow().format()).isEqualTo(format);
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      Guest.assertSame(sink.guest(), guest);
    }
  }
}
