// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.engine.Blocks;
import io.fixedram.engine.Migration;
import io.fixedram.engine.StillGuest;
import io.fixedram.engine.Transport;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class MemoryLoadTest {
  /** The first block is long enough to be shared out among threads. */
  private static final RamBlocks BLOCKS = Blocks.of(10_000, 65, 1);

  private static final byte DIRT = 0x5a;

  @TempDir Path directory;

  private final GuestMemory memory = Blocks.filled(Arena.ofAuto(), BLOCKS, new Random(1));

  private Path save(SaveFormat format) {
    Path file = directory.resolve("save." + format.text());
    Migration migration =
        new Migration(
            memory,
            new StillGuest(),
            new MigrationSettings(
                Configuration.of("load-1"),
                MigrationCapabilities.of(format),
                MigrationParameters.defaults().withMaxBandwidth(0)));
    migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
    migration.await();
    return file;
  }

  private GuestMemory dirty() {
    return Blocks.dirty(Arena.ofAuto(), BLOCKS);
  }

  private void assertEqual(GuestMemory loaded, RamBlock block) {
    assertThat(loaded.segment(block).mismatch(memory.segment(block))).as("%s", block).isEqualTo(-1);
  }

  private static void assertDirt(GuestMemory loaded, RamBlock block, long from, long to) {
    MemorySegment part = loaded.segment(block).asSlice(from, to - from);
    assertThat(part.mismatch(MemorySegment.ofArray(dirt(to - from)))).as("%s", block).isEqualTo(-1);
  }

  private static byte[] dirt(long bytes) {
    byte[] dirt = new byte[(int) bytes];
    Arrays.fill(dirt, DIRT);
    return dirt;
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void loadsAllOverWhatWasThere(SaveFormat format) {
    Path file = save(format);
    for (int threads = 1; threads <= 3; threads++) {
      GuestMemory loaded = dirty();
      try (MemoryLoad load = MemoryLoad.open(file, loaded, MigrationCapabilities.of(format))) {
        assertThat(load.header().configuration().machine()).isEqualTo("load-1");
        load.load(threads);
      }
      BLOCKS.list().forEach(block -> assertEqual(loaded, block));
    }
  }

  /** The dirty log tells every page that a load changed. */
  @Test
  void marksWhatItWrites() {
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(save(SaveFormat.FIXED_RAM), loaded)) {
      load.load(2);
    }
    for (RamBlock block : BLOCKS.list()) {
      PageBitmap marks = new PageBitmap(BLOCKS.pages(block));
      assertThat(loaded.dirtyLog().collect(block.index(), marks)).isEqualTo(marks.pages());
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void loadsOneBlock(SaveFormat format) {
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(save(format), loaded)) {
      load.loadRange("block-1", 0, BLOCKS.list().get(1).usedLength(), 2);
    }
    RamBlock block = BLOCKS.list().get(1);
    assertEqual(loaded, block);
    assertDirt(loaded, BLOCKS.list().getFirst(), 0, 40_960_000);
    assertDirt(loaded, BLOCKS.list().get(2), 0, Blocks.PAGE);
  }

  @Test
  void loadsRanges() {
    Path file = save(SaveFormat.FIXED_RAM);
    RamBlock block = BLOCKS.list().getFirst();
    Random random = new Random(2);
    for (int i = 0; i < 50; i++) {
      long from = random.nextLong(10_000) * Blocks.PAGE;
      long to = from + random.nextLong((block.usedLength() - from) / Blocks.PAGE + 1) * Blocks.PAGE;
      GuestMemory loaded = dirty();
      try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
        load.loadRange("block-0", from, to - from, 2);
      }
      MemorySegment part = loaded.segment(block).asSlice(from, to - from);
      assertThat(part.mismatch(memory.segment(block).asSlice(from, to - from))).isEqualTo(-1);
      assertDirt(loaded, block, 0, from);
      assertDirt(loaded, block, to, block.usedLength());
    }
  }

  @Test
  void refusesRangesThatAreNone() {
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(save(SaveFormat.FIXED_RAM), loaded)) {
      assertThatThrownBy(() -> load.loadRange("block-1", 0, 66 * Blocks.PAGE, 1))
          .hasMessage("cannot load 270336 bytes at offset 0 of RAM block block-1: it has 266240");
      assertThatThrownBy(() -> load.loadRange("block-1", Long.MAX_VALUE, Blocks.PAGE, 1))
          .isInstanceOf(FixedRamException.class);
      assertThatThrownBy(() -> load.loadRange("block-1", -Blocks.PAGE, Blocks.PAGE, 1))
          .isInstanceOf(FixedRamException.class);
      assertThatThrownBy(() -> load.loadRange("block-1", 1, Blocks.PAGE, 1))
          .hasMessageContaining("multiples of the page size, 4096");
      assertThatThrownBy(() -> load.loadRange("no-such", 0, 0, 1))
          .hasMessageContaining("has no RAM block named no-such");
    }
    assertDirt(loaded, BLOCKS.list().get(1), 0, 65 * Blocks.PAGE);
  }

  @Test
  void anotherSettingOfTheLayoutIsRefusedWithBothSides() {
    for (SaveFormat saved : SaveFormat.values()) {
      Path file = save(saved);
      for (SaveFormat wanted : SaveFormat.values()) {
        MigrationCapabilities capabilities = MigrationCapabilities.of(wanted);
        if (wanted == saved) {
          MemoryLoad.open(file, dirty(), capabilities).close();
        } else {
          assertThatThrownBy(() -> MemoryLoad.open(file, dirty(), capabilities))
              .isInstanceOf(FixedRamException.class)
              .hasMessage(
                  "cannot load %s: it was saved with %s, and this load has %s; set the"
                      + " capabilities as they were for the save",
                  file, switches(saved), switches(wanted));
        }
      }
    }
  }

  private static String switches(SaveFormat format) {
    return switch (format) {
      case STREAM -> "both fixed-ram and mapped-ram off";
      case FIXED_RAM -> "fixed-ram on";
      case MAPPED_RAM -> "mapped-ram on";
    };
  }

  static Stream<Arguments> otherMemories() {
    return Stream.of(
        Arguments.of(Blocks.of(10_000, 64, 1), "RAM block block-1 has a length of 266240 in the"),
        Arguments.of(Blocks.of(10_001, 65, 1), "RAM block block-0 has a length of 40960000 in the"),
        Arguments.of(Blocks.of(10_000, 65), "holds RAM block block-2, which the memory does not"),
        Arguments.of(
            Blocks.of(10_000, 65, 1, 1), "the memory has RAM block block-3, which the save"),
        Arguments.of(Blocks.ofSize(8192, 5000, 32), "target pages of 4096 bytes"));
  }

  /** Checked by every way in, and before the memory's first byte is touched. */
  @ParameterizedTest
  @MethodSource("otherMemories")
  void otherBlocksAreRefusedBeforeAnythingIsWritten(RamBlocks other, String sentence) {
    GuestMemory loaded = Blocks.dirty(Arena.ofAuto(), other);
    for (SaveFormat format : SaveFormat.values()) {
      Path file = save(format);
      assertThatThrownBy(() -> MemoryLoad.open(file, loaded))
          .isInstanceOf(FixedRamException.class)
          .hasMessageStartingWith("cannot load: ")
          .hasMessageContaining(sentence)
          .hasMessageEndingWith("; give the memory the blocks of the saved guest");
    }
    SaveHeader header = new SaveHeader(Configuration.of("x"), BLOCKS, 1);
    try (MemorySink sink = new MemorySink(loaded)) {
      assertThatThrownBy(() -> sink.begin(header)).hasMessageContaining(sentence);
    }
    other.list().forEach(block -> assertDirt(loaded, block, 0, block.usedLength()));
  }

  @Test
  void hostPagesAndGuestAddressesAreComparedWhereBothSidesHaveThem() {
    RamBlock saved = new RamBlock(0, "ram", 4096, OptionalLong.of(4096), OptionalLong.of(0));
    RamBlock huge = new RamBlock(0, "ram", 4096, OptionalLong.of(2 << 20), OptionalLong.of(0));
    RamBlock moved =
        new RamBlock(0, "ram", 4096, OptionalLong.empty(), OptionalLong.of(0x1_0000_0000L));
    SaveHeader header =
        new SaveHeader(Configuration.of("x"), new RamBlocks(4096, List.of(saved)), 1);
    assertThatThrownBy(() -> begin(huge, header))
        .hasMessageContaining("RAM block ram has host pages of 4096 in the save, of 2097152 in");
    assertThatThrownBy(() -> begin(moved, header))
        .hasMessageContaining("ram has a guest address of 0 in the save, of 4294967296 in");
    begin(new RamBlock(0, "ram", 4096), header);
  }

  private static void begin(RamBlock own, SaveHeader header) {
    RamBlocks blocks = new RamBlocks(4096, List.of(own));
    try (MemorySink sink = new MemorySink(GuestMemory.allocate(Arena.ofAuto(), blocks))) {
      sink.begin(header);
    }
  }

  @Test
  void readOnlyMemoryIsRefused() {
    RamBlocks one = Blocks.of(1);
    GuestMemory readOnly =
        GuestMemory.of(one, List.of(MemorySegment.ofArray(new byte[4096]).asReadOnly()));
    SaveHeader header = new SaveHeader(Configuration.of("x"), one, 1);
    try (MemorySink sink = new MemorySink(readOnly)) {
      assertThatThrownBy(() -> sink.begin(header)).hasMessageContaining("is read-only");
    }
  }

  @Test
  void incompleteFileLeavesMemoryAlone() throws IOException {
    Path file = save(SaveFormat.FIXED_RAM);
    byte[] all = Files.readAllBytes(file);
    for (int missing : List.of(1, 50, 200)) {
      Files.write(file, Arrays.copyOf(all, all.length - missing));
      GuestMemory loaded = dirty();
      assertThatThrownBy(
              () -> {
                try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
                  load.load(2);
                }
              })
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("incomplete");
      BLOCKS.list().forEach(block -> assertDirt(loaded, block, 0, block.usedLength()));
    }
  }

  /** QEMU ignores what follows the description, and so does a load. */
  @Test
  void fileIsTheSameElsewhereAndWithSomethingBehind() throws IOException {
    Path moved = directory.resolve("elsewhere");
    Files.copy(save(SaveFormat.FIXED_RAM), moved);
    Files.write(moved, new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(moved, loaded)) {
      load.load(1);
    }
    BLOCKS.list().forEach(block -> assertEqual(loaded, block));
  }

  /** Nothing in a save depends on where it was written: here it comes without its holes. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void loadsFromWhereverItWasMovedTo(SaveFormat format) throws IOException {
    Path shared = Path.of("/dev/shm");
    Path elsewhere =
        Files.isWritable(shared) ? Files.createTempDirectory(shared, "fixedram") : directory;
    Path moved = elsewhere.resolve("moved");
    try {
      Files.write(moved, Files.readAllBytes(save(format)));
      GuestMemory loaded = dirty();
      try (MemoryLoad load = MemoryLoad.open(moved, loaded)) {
        load.load(2);
      }
      BLOCKS.list().forEach(block -> assertEqual(loaded, block));
    } finally {
      Files.deleteIfExists(moved);
      if (!elsewhere.equals(directory)) {
        Files.delete(elsewhere);
      }
    }
  }

  /** QEMU stops reading after the description of the devices, and so does a load. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void whatFollowsTheDescriptionIsLeftAlone(SaveFormat format) throws IOException {
    Path file = save(format);
    DeviceState state;
    try (MemoryLoad load = MemoryLoad.open(file, dirty())) {
      state = load.load(1);
    }
    Files.write(file, "{\"more\": 1}".repeat(1000).getBytes(UTF_8), StandardOpenOption.APPEND);
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
      assertThat(load.load(1).bytes().mismatch(state.bytes())).isEqualTo(-1);
    }
    BLOCKS.list().forEach(block -> assertEqual(loaded, block));
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void countsWhatIsLoadedAndEndsWhenCancelled(SaveFormat format) {
    Path file = save(format);
    GuestMemory loaded = dirty();
    try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
      assertThat(load.loadedBytes()).isZero();
      load.load(2);
      assertThat(load.loadedBytes()).isEqualTo(BLOCKS.totalBytes());
      load.cancel();
      assertThatThrownBy(() -> load.load(2)).isInstanceOf(CancelledException.class);
      assertThat(load.loadedBytes()).isEqualTo(BLOCKS.totalBytes());
    }
    try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
      load.load(1);
    }
  }

  @Test
  void aLoadTakesAThread() {
    try (MemoryLoad load = MemoryLoad.open(save(SaveFormat.MAPPED_RAM), dirty())) {
      assertThatThrownBy(() -> load.load(0)).isInstanceOf(IllegalArgumentException.class);
      load.load(Integer.MAX_VALUE);
    }
  }

  @Test
  void memoryInUseIsRefused() {
    Path file = save(SaveFormat.FIXED_RAM);
    GuestMemory loaded = dirty();
    SaveHeader header = new SaveHeader(Configuration.of("x"), BLOCKS, 1);
    try (MemorySink sink = new MemorySink(loaded);
        MemoryLoad load = MemoryLoad.open(file, loaded)) {
      sink.begin(header);
      assertThatThrownBy(() -> load.load(1))
          .hasMessage("cannot begin a load of this memory: a load is under way");
      Migration migration =
          new Migration(loaded, new StillGuest(), MigrationSettings.of(Configuration.of("x")));
      assertThatThrownBy(() ->
              migration.start(Transport.file(directory.resolve("other"), WriteOptions.defaults())))
          .hasMessage("cannot begin a migration of this memory: a load is under way");
    }
    try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
      load.load(1);
    }
  }

  /** A page that a stream never brings is zero, and its content for a difference is too. */
  @Test
  void pagesThatNeverComeAreZero() {
    GuestMemory loaded = dirty();
    List<RamBlock> list = BLOCKS.list();
    MemorySegment page = MemorySegment.ofArray(dirt(Blocks.PAGE));
    MemorySegment current = MemorySegment.ofArray(new byte[Blocks.PAGE]);
    try (MemorySink sink = new MemorySink(loaded)) {
      sink.begin(new SaveHeader(Configuration.of("x"), BLOCKS, 1));
      sink.data(list.getFirst(), 2 * Blocks.PAGE, page, 0, Blocks.PAGE);
      sink.readBack().orElseThrow().read(list.getFirst(), 2 * Blocks.PAGE, current);
      assertThat(current.mismatch(page)).isEqualTo(-1);
      sink.readBack().orElseThrow().read(list.getFirst(), 3 * Blocks.PAGE, current);
      assertThat(current.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
      assertThatThrownBy(sink::deviceState).isInstanceOf(IllegalStateException.class);
      sink.end(new StillGuest().deviceState());
      assertThat(sink.deviceState().sizeBytes()).isPositive();
    }
    List<Long> notZero = new ArrayList<>();
    for (RamBlock block : list) {
      for (long at = 0; at < block.usedLength(); at += Long.BYTES) {
        if (loaded.segment(block).get(ValueLayout.JAVA_LONG, at) != 0) {
          notZero.add(block.index() * 1_000_000L + at / Blocks.PAGE);
        }
      }
    }
    assertThat(notZero.stream().distinct()).containsExactly(2L);
  }
}
