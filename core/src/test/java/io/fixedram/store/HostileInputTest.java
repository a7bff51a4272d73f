// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.ChildJava;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.RandomStream;
import io.fixedram.testing.Rounds;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Files cut off anywhere and changed at random: whatever they hold, they end in a failure that this
 * project throws on purpose, or in a save.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileInputTest {
  /** Numbers that lengths and offsets are set to. */
  private static final long[] EXTREMES = {
    0,
    1,
    2,
    4,
    0x10,
    0xff,
    0x7fff,
    0xffff,
    1 << 20,
    Integer.MAX_VALUE,
    1L << 31,
    0xffff_ffffL,
    1L << 32,
    1L << 45,
    1L << 46,
    1L << 47,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -4096,
    -8
  };

  private static final int PAGE = 4096;

  /**
   * Files are cut off at each byte, but inside of a page, where all places are alike, only at some.
   */
  private static final int INSIDE_STEP = 16;

  @TempDir private Path directory;

  /** Takes pages as a sink does that looks at them, and keeps none. */
  private static final class Toucher implements SaveSink {
    private long sum;

    @Override
    public void begin(SaveHeader header) {
      sum += header.blocks().totalBytes();
    }

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      assertThat(offset + lengthBytes).isLessThanOrEqualTo(block.usedLength());
      sum += from.get(ValueLayout.JAVA_BYTE, fromOffset + lengthBytes - 1);
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      assertThat(offset + lengthBytes).isLessThanOrEqualTo(block.usedLength());
      sum++;
    }

    @Override
    public Optional<PageReadBack> readBack() {
      return Optional.of((block, offset, into) -> into.fill((byte) sum));
    }

    @Override
    public void drain() {}

    @Override
    public void end(DeviceState state) {
      sum += state.sizeBytes();
    }

    @Override
    public void close() {}
  }

  private static Guest smallGuest(Random random) {
    Guest guest =
        Guest.of(new RamBlock(0, "pc.ram", 2 * PAGE), new RamBlock(1, "pc.rom", PAGE))
            .with(RandomGuests.tail(random));
    return RandomGuests.fill(random, guest);
  }

  private static byte[] file(SaveFormat format, Guest guest) {
    return switch (format) {
      case STREAM -> Bytes.stream(guest);
      case FIXED_RAM -> Bytes.fixedRam(guest, PAGE, 1);
      case MAPPED_RAM -> Bytes.mappedRam(guest, PAGE, 1);
    };
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void cutOffAnywhere(SaveFormat format) throws IOException {
    Random random = new Random(7);
    Guest guest = Guest.of(new RamBlock(0, "pc.ram", PAGE), new RamBlock(1, "pc.rom", PAGE));
    guest.put(guest.block(0), 0, RandomGuests.content(random, PAGE));
    guest.put(guest.block(1), 0, RandomGuests.content(random, PAGE));
    do {
      guest.with(RandomGuests.tail(random));
    } while (guest.tail().description().isEmpty() || guest.tail().sectionsBytes() == 0);
    byte[] whole = file(format, guest);
    int tailAt = whole.length - guest.tail().toBytes().length;
    // The description may be missing in a whole stream.
    int endsHereToo = Math.toIntExact(tailAt + guest.tail().sectionsBytes() + 1);
    int headEnd =
        switch (format) {
          // A record's leading word tells that the list has ended.
          case STREAM ->
              new Bytes()
                      .head(guest.header().configuration(), "")
                      .startRam(2)
                      .list(guest.blocks())
                      .size()
                  + 8;
          case FIXED_RAM -> tailAt - 8 - 3 * 5 - 2 * 5;
          case MAPPED_RAM -> tailAt - 3 * 8 - 3 * 5 - 2 * 5;
        };
    BitSet inside = insidePages(guest, whole);
    Path path = directory.resolve("cut");
    Files.write(path, whole);
    assertThat(SaveInfo.of(path).complete()).isTrue();
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      for (int length = whole.length - 1; length >= 0; length--) {
        if (inside.get(length) && length % INSIDE_STEP != 0) {
          continue;
        }
        file.setLength(length);
        if (length == endsHereToo) {
          assertThat(SaveInfo.of(path).complete()).isTrue();
        } else {
          assertIncomplete(path, length, headEnd);
        }
      }
    }
  }

  /** The lengths at which the file ends inside of a page, but for the first and last few bytes. */
  private static BitSet insidePages(Guest guest, byte[] whole) {
    BitSet inside = new BitSet(whole.length);
    for (RamBlock block : guest.blocks()) {
      byte[] page = guest.page(block, 0);
      for (int at = 0; at + PAGE <= whole.length; at++) {
        if (Arrays.equals(whole, at, at + PAGE, page, 0, PAGE)) {
          inside.set(at + INSIDE_STEP, at + PAGE - INSIDE_STEP);
        }
      }
    }
    assertThat(inside.cardinality()).as("found the pages").isGreaterThan(PAGE);
    return inside;
  }

  private static void assertIncomplete(Path path, int length, int headEnd) {
    try {
      SaveInfo info = SaveInfo.of(path);
      assertThat(info.complete()).as("complete at %d", length).isFalse();
      assertThat(info.problem()).get().isExactlyInstanceOf(DamagedSaveException.class);
      assertThat(info.problem().orElseThrow()).hasMessageContaining(path + " is incomplete: ");
      assertThat(info.deviceStateBytes()).isZero();
      assertThat(info.fileBytes()).isEqualTo(length);
    } catch (DamagedSaveException e) {
      assertThat(length)
          .as("nothing is said of a whole head: %s", e.getMessage())
          .isLessThan(headEnd);
      assertThat(e).hasMessageContaining(path.toString());
    }
    try (PageStore save = Saves.open(path)) {
      save.sendTo(new Toucher());
      throw new AssertionError("a save cut off at " + length + " was sent");
    } catch (DamagedSaveException e) {
      assertThat(e).hasMessageContaining(path.toString());
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void changedAtRandom(SaveFormat format) {
    Path path = directory.resolve("changed");
    int[] outcomes = new int[2];
    Rounds.run(
        500,
        random -> {
          Guest guest = smallGuest(random);
          byte[] bytes =
              format == SaveFormat.STREAM && random.nextBoolean()
                  ? RandomStream.of(random, guest, true).bytes()
                  : file(format, guest);
          byte[] other = file(RandomGuests.pick(random, List.of(SaveFormat.values())), guest);
          for (int i = random.nextInt(3); i >= 0; i--) {
            bytes = mutate(random, bytes, other);
          }
          Files.write(path, bytes);
          outcomes[isTaken(path, random) ? 1 : 0]++;
        });
    assertThat(outcomes[0]).as("refused").isPositive();
  }

  private boolean isTaken(Path path, Random random) {
    boolean taken = true;
    try {
      SaveInfo info = SaveInfo.of(path);
      taken = info.complete();
    } catch (FixedRamException e) {
      assertSentence(e);
      taken = false;
    }
    try (PageStore save = Saves.open(path)) {
      save.sendTo(new Toucher());
      if (random.nextInt(4) == 0 && save.header().blocks().totalBytes() <= 1 << 20) {
        write(save, random);
      }
    } catch (FixedRamException e) {
      assertSentence(e);
      taken = false;
    }
    return taken;
  }

  private void write(PageStore save, Random random) {
    SaveFormat format =
        RandomGuests.pick(random, List.of(SaveFormat.FIXED_RAM, SaveFormat.MAPPED_RAM));
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, PAGE);
    try (SaveWriter writer = SaveWriter.create(directory.resolve("written"), format, options)) {
      save.sendTo(writer.sink());
      writer.publish();
    }
  }

  private static void assertSentence(FixedRamException e) {
    assertThat(e.getMessage()).isNotBlank().contains("changed");
  }

  private static byte[] mutate(Random random, byte[] bytes, byte[] other) {
    if (bytes.length == 0) {
      return other;
    }
    byte[] copy = bytes.clone();
    int at = interesting(random, copy);
    switch (random.nextInt(7)) {
      case 0 -> copy[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> copy[at] = (byte) random.nextInt();
      case 2, 3 -> put(copy, at, EXTREMES[random.nextInt(EXTREMES.length)], 8);
      case 4 -> put(copy, at, EXTREMES[random.nextInt(EXTREMES.length)], 4);
      case 5 -> {
        return Arrays.copyOf(copy, at);
      }
      default -> {
        // The start of one, and the rest of the other or of itself.
        byte[] rest = random.nextBoolean() ? other : bytes;
        int from = rest.length == 0 ? 0 : interesting(random, rest);
        return new Bytes()
            .raw(Arrays.copyOf(copy, at))
            .raw(Arrays.copyOfRange(rest, from, rest.length))
            .toArray();
      }
    }
    return copy;
  }

  /** Mostly where there is something else than pages: the start, the end, and names. */
  private static int interesting(Random random, byte[] bytes) {
    int length = bytes.length;
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(Math.min(length, 200));
      case 1 -> length - 1 - random.nextInt(Math.min(length, 300));
      case 2 -> {
        int name = indexOf(bytes, random.nextInt(length));
        yield Math.clamp(name + random.nextInt(48) - 8L, 0, length - 1);
      }
      default -> random.nextInt(length);
    };
  }

  /** Where "pc." stands, from a place on. */
  private static int indexOf(byte[] bytes, int from) {
    for (int i = from; i + 2 < bytes.length; i++) {
      if (bytes[i] == 'p' && bytes[i + 1] == 'c' && bytes[i + 2] == '.') {
        return i;
      }
    }
    return 0;
  }

  private static void put(byte[] bytes, int at, long value, int size) {
    for (int i = 0; i < size && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> (8 * (size - 1 - i)));
    }
  }

  /**
   * Takes streams of few bytes that announce very much, with a small heap; says how much memory
   * that took altogether.
   */
  static final class Announcing {
    private Announcing() {}

    public static void main(String[] arguments) throws IOException {
      Path directory = Path.of(arguments[0]);
      for (String name : List.of("pc.ram", "pc.rom")) {
        for (int bits : new int[] {40, 42, 44, 45, 46}) {
          take(directory, huge(new RamBlock(0, name, 1L << bits)));
        }
      }
      take(directory, manyBlocks());
      take(directory, longDescription());
      System.out.println("peak KiB: " + peakKibibytes());
    }

    private static byte[] huge(RamBlock block) {
      Guest guest = Guest.of(block);
      guest.put(block, block.usedLength() - PAGE, RandomGuests.content(new Random(1), PAGE));
      return Bytes.stream(guest);
    }

    private static byte[] manyBlocks() {
      RamBlock[] blocks = new RamBlock[30_000];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = new RamBlock(i, "block" + i, 1L << 30);
      }
      return Bytes.stream(Guest.of(blocks));
    }

    private static byte[] longDescription() {
      Guest guest = Guest.of(new RamBlock(0, "pc.ram", PAGE));
      byte[] stream = Bytes.stream(guest);
      return new Bytes().raw(stream).u8(6).be32(DeviceState.MAX_BYTES).text("{\"name").toArray();
    }

    private static void take(Path directory, byte[] stream) throws IOException {
      Path path = Files.write(directory.resolve("announcing"), stream);
      try {
        SaveInfo.of(path);
        for (SaveFormat format : List.of(SaveFormat.FIXED_RAM, SaveFormat.MAPPED_RAM)) {
          convert(path, directory.resolve("converted"), format);
        }
      } catch (FixedRamException e) {
        System.out.println(e.getMessage());
      }
    }

    private static void convert(Path from, Path to, SaveFormat format) throws IOException {
      WriteOptions options = new WriteOptions(DirectMode.OFF, false, PAGE);
      boolean small = false;
      try (PageStore save = Saves.open(from);
          SaveWriter writer = SaveWriter.create(to, format, options)) {
        boolean isRom = save.header().blocks().byName("pc.rom").isPresent();
        small = !isRom || ramBytes(save) <= 1L << 40;
        // Such a block's bitmap goes to the disk, whatever the stream brings.
        if (isRom && ramBytes(save) > 1L << 42) {
          return;
        }
        save.sendTo(writer.sink());
        writer.publish();
      } catch (FixedRamException e) {
        System.out.println(e.getMessage());
      }
      if (small && Files.exists(to)) {
        SaveInfo.of(to);
      }
      Files.deleteIfExists(to);
    }

    private static long ramBytes(PageStore save) {
      return save.header().blocks().totalBytes();
    }

    private static long peakKibibytes() throws IOException {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void announcedLengthsTakeNoMemory() throws IOException, InterruptedException {
    List<String> options = List.of("-Xmx96m", "--enable-native-access=ALL-UNNAMED");
    ChildJava.Result result =
        ChildJava.run(Announcing.class, options, List.of(directory.toString()));
    assertThat(result.exitCode()).as(result.output()).isZero();
    List<String> lines = result.output().lines().toList();
    assertThat(lines.subList(0, lines.size() - 1))
        .allMatch(line ->
            line.startsWith("cannot write ")
                || line.startsWith("cannot set the size of ")
                || line.contains(" is incomplete: "));
    long peak = Long.parseLong(lines.getLast().replaceAll("\\D", ""));
    assertThat(peak).as("peak KiB; %s", result.output()).isLessThan(300 << 10);
  }

  /** Differences need the page as it was, which a stream cannot give. */
  @Test
  void differencesIntoAStreamAreRefused() {
    Rounds.run(
        20,
        random -> {
          Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.small());
          byte[] bytes = RandomStream.of(random, guest, true).bytes();
          Path path = directory.resolve("changed");
          Files.write(path, bytes);
          try (PageStore save = Saves.open(path);
              StreamEncoder encoder = new StreamEncoder((position, from, offset, length) -> {})) {
            save.sendTo(encoder);
          } catch (FixedRamException e) {
            assertThat(e).hasMessageStartingWith("the stream holds xbzrle differences");
          }
        });
  }
}
