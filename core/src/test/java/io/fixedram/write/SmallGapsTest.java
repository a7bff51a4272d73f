// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.Rounds;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Zero pages between pages with content, which are written as zeros if there are many. */
class SmallGapsTest {
  private static final int PAGE = 4096;
  private static final int PAGES_A_PIECE = Chunk.BYTES / PAGE;
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 4L * Chunk.BYTES + 9 * PAGE);

  @TempDir private Path directory;
  private final Random random = new Random(1);

  private static BitSet every(int step, int count) {
    BitSet pages = new BitSet();
    for (int i = 0; i < count; i++) {
      pages.set(i * step);
    }
    return pages;
  }

  @Test
  void manySingleZeroPagesAreChosen() {
    BitSet gaps = SmallGaps.of(every(2, 33), page -> false, PAGE);
    assertThat(gaps.cardinality()).isEqualTo(32);
    assertThat(gaps.nextSetBit(0)).isEqualTo(1);
    assertThat(gaps.length()).isEqualTo(64);
    assertThat(SmallGaps.of(every(2, 33), page -> page == 1, PAGE).cardinality()).isZero();
    assertThat(SmallGaps.of(every(2, 34), page -> page == 1, PAGE).get(1)).isFalse();
  }

  @Test
  void fewOrLongGapsStayHoles() {
    assertThat(SmallGaps.of(new BitSet(), page -> false, PAGE).isEmpty()).isTrue();
    assertThat(SmallGaps.of(every(1, 256), page -> false, PAGE).isEmpty()).isTrue();
    assertThat(SmallGaps.of(every(2, 32), page -> false, PAGE).isEmpty()).isTrue();
    assertThat(SmallGaps.of(every(3, 85), page -> false, PAGE).isEmpty()).isTrue();
    assertThat(SmallGaps.of(every(2, 100), page -> false, 1 << 16).isEmpty()).isTrue();
    assertThat(SmallGaps.of(every(5, 100), page -> false, 1 << 10).cardinality()).isEqualTo(396);
    assertThat(SmallGaps.of(every(6, 100), page -> false, 1 << 10).isEmpty()).isTrue();
  }

  private Script script() {
    return Script.of(Guest.of(RAM).with(RandomGuests.tail(random)));
  }

  /** Single pages with as many zero pages between them as the step says, minus one. */
  private Script every(Script script, int step, boolean zerosCome) {
    Script all = script;
    long pages = RAM.usedLength() / PAGE;
    for (long page = 0; page < pages; page++) {
      if (page % step == 0) {
        all = all.data(RAM, page * PAGE, RandomGuests.content(random, PAGE));
      } else if (zerosCome) {
        all = all.zero(RAM, page * PAGE, PAGE);
      }
    }
    return all;
  }

  private WrittenSave save(Script script, SaveFormat format, FaultyCalls calls) throws IOException {
    Path path = directory.resolve("save");
    WriteOptions options = new WriteOptions(DirectMode.AUTO, false, 1 << 20);
    WrittenSave written;
    try (SaveWriter writer =
        SaveWriter.create(calls, path, format, DestinationMemory.QEMU, options)) {
      script.sendTo(writer.sink());
      written = writer.publish();
    }
    SavedFile.check(path, script.guest(), format, 1 << 20);
    try (PageStore save = Saves.open(path);
        GuestSink sink = new GuestSink()) {
      save.sendTo(sink);
      Guest.assertSame(sink.guest(), script.guest());
    }
    return written;
  }

  private static long pageWrites(FaultyCalls calls) {
    return calls.calls().stream()
        .filter(call -> call.kind() == Kind.PWRITE && call.position() >= 1 << 20)
        .count();
  }

  @ParameterizedTest
  @EnumSource(names = {"FIXED_RAM", "MAPPED_RAM"})
  void alternatingPagesAreWrittenInLargeWrites(SaveFormat format) throws IOException {
    for (boolean zerosCome : new boolean[] {true, false}) {
      FaultyCalls calls = FaultyCalls.none();
      WrittenSave written = save(every(script(), 2, zerosCome), format, calls);
      // A write for each piece, the pages of the last one, and the device state.
      assertThat(pageWrites(calls)).isLessThan(16);
      assertThat(written.pageBytes()).isEqualTo(2L * Chunk.BYTES + 5 * PAGE);
      assertThat(written.diskBytes()).isLessThan(4L * Chunk.BYTES + (256 << 10));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FIXED_RAM", "MAPPED_RAM"})
  void longerGapsAreHoles(SaveFormat format) throws IOException {
    WrittenSave written = save(every(script(), 3, true), format, FaultyCalls.none());
    assertThat(written.diskBytes()).isLessThan(written.pageBytes() + (128 << 10));
  }

  /** A gap between pages that became zero is a hole again. */
  @Test
  void nothingIsLeftOfPagesThatBecomeZero() throws IOException {
    Script script = every(script(), 2, true);
    long pages = RAM.usedLength() / PAGE;
    for (long page = 0; page < pages; page++) {
      script = script.zero(RAM, page * PAGE, PAGE);
    }
    WrittenSave written = save(script, SaveFormat.MAPPED_RAM, FaultyCalls.none());
    assertThat(written.pageBytes()).isZero();
    assertThat(written.diskBytes()).isLessThan(128 << 10);
  }

  /** The content that a gap gets later is not overwritten with zeros, nor lost. */
  @Test
  void contentThatComesIntoAGap() throws IOException {
    Script script = every(script(), 2, true);
    for (int page = 1; page < 2 * PAGES_A_PIECE; page += 4) {
      script = script.data(RAM, (long) page * PAGE, RandomGuests.content(random, PAGE));
    }
    // The pages around it come again, it does not.
    save(every(script, 2, false), SaveFormat.MAPPED_RAM, FaultyCalls.none());
  }

  @Test
  void pagesThatBecomeZeroAndBack() {
    Rounds.run(
        10,
        random -> {
          Script script = script();
          int pages = (int) (RAM.usedLength() / PAGE);
          for (int pass = 0; pass < 6; pass++) {
            int step = 1 + random.nextInt(4);
            for (int page = random.nextInt(3); page < pages; page += step) {
              script =
                  random.nextInt(3) == 0
                      ? script.zero(RAM, (long) page * PAGE, PAGE)
                      : script.data(RAM, (long) page * PAGE, RandomGuests.content(random, PAGE));
            }
          }
          save(script, SaveFormat.MAPPED_RAM, FaultyCalls.none());
        });
  }

  /** On a full disk zeros give way to content. */
  @Test
  void fullDisk() throws IOException {
    AtomicInteger pieces = new AtomicInteger();
    AtomicInteger punches = new AtomicInteger();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.FALLOCATE) {
            punches.incrementAndGet();
          }
          boolean piece =
              call.kind() == Kind.PWRITE && call.position() > 1 << 20 && punches.get() == 0;
          return piece && pieces.incrementAndGet() > 2 ? Errno.ENOSPC.number() : 0;
        });
    WrittenSave written = save(every(script(), 2, true), SaveFormat.MAPPED_RAM, calls);
    assumeTrue(pieces.get() > 2, "no large writes in " + directory);
    assertThat(punches.get()).isPositive();
    assertThat(written.diskBytes()).isLessThan(written.pageBytes() + Chunk.BYTES + (128 << 10));
  }
}
