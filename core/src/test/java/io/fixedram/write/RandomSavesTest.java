// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.BlockInfo;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.Rounds;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.SavedStream;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random saves of any format, written, looked at byte by byte, read and converted. */
class RandomSavesTest {
  private static final List<Long> ALIGNMENTS = List.of(4096L, 1L << 20, 4L << 20);

  /** More than that is not taken into memory to look at. */
  private static final long MAX_STREAM_BYTES = 256 << 20;

  @TempDir private Path directory;

  @Test
  void whatIsWrittenIsTheGuest() throws IOException {
    try (Dirs dirs = new Dirs(directory)) {
      Rounds.run(
          40,
          random -> {
            Path dir = RandomGuests.pick(random, dirs.all());
            Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.all());
            Script script = Script.random(random, guest, 60);
            writeAndCheck(random, script, guest, dir.resolve("first"));
            Path from = dir.resolve("first");
            for (int i = 0; i < 3; i++) {
              Path to = dir.resolve("converted" + i);
              try (PageStore save = Saves.open(from)) {
                guest.with(Guest.Tail.of(save.deviceState()));
                writeAndCheck(random, save, guest, to);
              }
              from = to;
            }
            Dirs.empty(dir);
          });
    }
  }

  @Test
  void manyBlocks() {
    Rounds.run(
        2,
        random -> {
          List<RamBlock> blocks = new ArrayList<>();
          for (int i = 0; i < 200; i++) {
            blocks.add(new RamBlock(i, "/objects/mem" + i, (1 + random.nextInt(20)) * 4096L));
          }
          Guest small = RandomGuests.guest(random, RandomGuests.Kinds.small());
          Guest guest =
              new Guest(
                      new SaveHeader(
                          Configuration.of("pc-q35-7.2"), new RamBlocks(4096, blocks), 2))
                  .with(small.tail());
          Script script = Script.random(random, guest, 500);
          for (SaveFormat format : SaveFormat.values()) {
            Path path = directory.resolve(format.text());
            for (long alignment : ALIGNMENTS) {
              WriteOptions options = new WriteOptions(DirectMode.AUTO, false, alignment);
              write(script, path, format, options);
              check(path, guest, format, alignment);
              assertReads(path, guest, format);
            }
          }
        });
  }

  @Test
  void pagesThatComeAgainWhileTheyAreWritten() {
    Rounds.run(
        4,
        random -> {
          RamBlock ram = new RamBlock(0, "pc.ram", 3 << 20);
          Guest small = RandomGuests.guest(random, RandomGuests.Kinds.small());
          Guest guest = Guest.of(ram).with(small.tail());
          Script script = Script.random(random, guest, 200);
          Random delays = new Random(random.nextLong());
          for (DirectMode direct : List.of(DirectMode.AUTO, DirectMode.OFF)) {
            FaultyCalls slow = new FaultyCalls(call -> delay(call.kind(), delays));
            WriteOptions options = new WriteOptions(direct, false, 4096);
            Path path = directory.resolve("slow");
            try (SaveWriter writer =
                SaveWriter.create(
                    slow, path, SaveFormat.MAPPED_RAM, DestinationMemory.QEMU, options)) {
              script.sendTo(writer.sink());
              writer.publish();
            }
            check(path, guest, SaveFormat.MAPPED_RAM, 4096);
            assertReads(path, guest, SaveFormat.MAPPED_RAM);
          }
        });
  }

  /** Long enough for the pages of a chunk to come again while it is being written. */
  private static int delay(FaultyCalls.Kind kind, Random delays) {
    if (kind == FaultyCalls.Kind.PWRITE || kind == FaultyCalls.Kind.FALLOCATE) {
      LockSupport.parkNanos(delays.nextInt(2_000_000));
    }
    return 0;
  }

  private static void writeAndCheck(Random random, PageSource source, Guest guest, Path path)
      throws IOException {
    SaveFormat format = RandomGuests.pick(random, List.of(SaveFormat.values()));
    DirectMode direct = random.nextBoolean() ? DirectMode.AUTO : DirectMode.OFF;
    long alignment = RandomGuests.pick(random, ALIGNMENTS);
    WriteOptions plain = new WriteOptions(direct, random.nextInt(4) == 0, alignment);
    boolean signed = format != SaveFormat.STREAM && alignment >= 1 << 20 && random.nextInt(3) == 0;
    WriteOptions options = signed ? plain.signed(SigningKey.of(new byte[32])) : plain;
    WrittenSave written = write(source, path, format, options);
    assertThat(written.path()).isEqualTo(path);
    assertThat(written.ramBytes()).isEqualTo(guest.header().blocks().totalBytes());
    assertThat(written.fileBytes()).isEqualTo(Files.size(path));
    if (format != SaveFormat.STREAM) {
      assertThat(written.pageBytes()).isEqualTo(guest.nonZeroPages() * guest.pageSize());
    }
    check(path, guest, format, alignment);
    assertReads(path, guest, format);
  }

  private static WrittenSave write(
      PageSource source, Path path, SaveFormat format, WriteOptions options) {
    try (SaveWriter writer = SaveWriter.create(path, format, options)) {
      source.sendTo(writer.sink());
      return writer.publish();
    }
  }

  private static void check(Path path, Guest guest, SaveFormat format, long alignment)
      throws IOException {
    if (format != SaveFormat.STREAM) {
      SavedFile.check(path, guest, format, alignment);
    } else if (Files.size(path) < MAX_STREAM_BYTES) {
      SavedStream.check(Files.readAllBytes(path), guest);
    }
  }

  /** What fixedram itself says of the file and reads from it. */
  private static void assertReads(Path path, Guest guest, SaveFormat format) {
    SaveInfo info = SaveInfo.of(path);
    assertThat(info.format()).isEqualTo(format);
    assertThat(info.complete()).isTrue();
    assertThat(info.problem()).isEmpty();
    assertThat(info.machine()).isEqualTo(guest.header().configuration().machine());
    List<String> capabilities = new ArrayList<>(guest.header().configuration().capabilities());
    if (format != SaveFormat.STREAM) {
      capabilities.add(format.text());
    }
    assertThat(info.capabilities()).isEqualTo(capabilities);
    String layout = format == SaveFormat.STREAM ? "" : format.text();
    assertThat(info.deviceStateBytes())
        .isEqualTo(guest.tail().described(guest.header().configuration(), layout).toBytes().length);
    assertThat(info.ramBytes()).isEqualTo(guest.header().blocks().totalBytes());
    assertThat(info.blocks()).hasSameSizeAs(guest.blocks());
    for (RamBlock block : guest.blocks()) {
      BlockInfo found = info.blocks().get(block.index());
      long pages = block.usedLength() / guest.pageSize();
      boolean allSet = format != SaveFormat.STREAM && !RandomGuests.isMain(block.name());
      assertThat(found.name()).isEqualTo(block.name());
      assertThat(found.usedLength()).isEqualTo(block.usedLength());
      assertThat(found.pageSize()).isEqualTo(guest.pageSize());
      assertThat(found.pages()).isEqualTo(pages);
      assertThat(found.present())
          .as("present pages of %s", block)
          .isEqualTo(allSet ? pages : guest.nonZero(block).size());
      assertThat(found.pagesOffset().isPresent()).isEqualTo(format != SaveFormat.STREAM);
      assertThat(found.bitmapOffset().isPresent()).isEqualTo(format != SaveFormat.STREAM);
    }
    try (PageStore save = Saves.open(path)) {
      assertThat(save.file().orElseThrow().format()).isEqualTo(format);
      assertThat(save.name()).isEqualTo(path.toString());
      assertThat(save.header()).isEqualTo(guest.header());
      for (int i = 0; i < 2; i++) {
        GuestSink sink = new GuestSink();
        save.sendTo(sink);
        Guest.assertSame(sink.guest(), guest);
      }
    }
  }
}
