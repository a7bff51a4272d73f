// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.save.MemoryPasses.Pass;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Passes over memory that changes between them and while it is read, without a QEMU. */
class MemoryPassesTest {
  private static final int PAGE = ChangingMemory.PAGE;
  private static final RamBlock ONE = new RamBlock(0, "ram-one", 5000 * PAGE);
  private static final RamBlock TWO = new RamBlock(1, "ram-two", 3001 * PAGE);

  /** A sink that no page may reach. */
  private static final PageSink CLOSED =
      new PageSink() {
        @Override
        public void data(
            RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
          throw new AssertionError("data of " + block + " at " + offset);
        }

        @Override
        public void zero(RamBlock block, long offset, long lengthBytes) {
          throw new AssertionError("zeros of " + block + " at " + offset);
        }
      };

  @TempDir Path directory;

  private final Cancellation cancellation = new Cancellation();

  private MemoryPasses passes(ChangingMemory store) {
    return new MemoryPasses(store, new TransferCounters(), cancellation);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 0", "3, 0", "1, 4", "2, 6", "4, 64"})
  void whatCameLastIsWhatIsThere(int threads, int asideMebibytes) {
    for (int seed = 0; seed < 3; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      ChangingMemory store = new ChangingMemory(threads, ONE, TWO);
      store.change(random, 600);
      try (WrittenGuest guest = new WrittenGuest(directory.resolve("guest" + seed), store);
          MemoryPasses passes = passes(store)) {
        run(passes, store, guest, seed, (long) asideMebibytes << 20);
        guest.assertSame();
      }
    }
  }

  private void run(
      MemoryPasses passes, ChangingMemory store, WrittenGuest guest, int seed, long asideBytes) {
    PageSink locked = new LockedPages(guest.pages());
    AtomicInteger reads = new AtomicInteger();
    store.beforeRead(() -> {
      int read = reads.incrementAndGet();
      store.change(new SplittableRandom(1000L * seed + read), 5);
    });
    int whileItRuns = 1 + seed % 3;
    for (int i = 0; i < whileItRuns; i++) {
      var _ = passes.all(() -> locked);
      store.change(new SplittableRandom(seed + i), 200);
      var _ = passes.sample(1 << 20);
    }
    store.beforeRead(() -> {});
    if (asideBytes == 0) {
      var _ = passes.all(() -> locked);
    } else {
      try (CopyAside copy =
          new CopyAside(guest.pages(), store.header().blocks(), asideBytes, cancellation)) {
        var _ = passes.all(copy::lane);
        copy.finish();
      }
    }
    assertThat(passes.passes()).isEqualTo(whileItRuns + 1);
  }

  @Test
  void nothingComesTwiceUnchanged() {
    ChangingMemory store = new ChangingMemory(2, ONE, TWO);
    store.change(new SplittableRandom(5), 400);
    try (WrittenGuest guest = new WrittenGuest(directory.resolve("guest"), store);
        MemoryPasses passes = passes(store)) {
      PageSink locked = new LockedPages(guest.pages());
      Pass first = passes.all(() -> locked);
      assertThat(first.readBytes()).isPositive().isEqualTo(first.contentBytes());
      assertThat(first.changedBytes()).isPositive().isLessThan(first.readBytes());
      Pass sample = passes.sample(1 << 20);
      assertThat(sample.contentBytes()).isEqualTo(first.contentBytes());
      assertThat(sample.readBytes()).isBetween(1L << 19, 3L << 20);
      assertThat(sample.changedBytes()).isZero();
      Pass second = passes.all(() -> CLOSED);
      assertThat(second.readBytes()).isEqualTo(first.readBytes());
      assertThat(second.changedBytes()).isZero();
    }
  }

  @Test
  void samplesTellWhatChanged() {
    ChangingMemory store = new ChangingMemory(2, ONE);
    store.fill(ONE, 0, 5000, 1);
    try (WrittenGuest guest = new WrittenGuest(directory.resolve("guest"), store);
        MemoryPasses passes = passes(store)) {
      PageSink locked = new LockedPages(guest.pages());
      var _ = passes.all(() -> locked);
      store.fill(ONE, 0, 2500, 2);
      Pass sample = passes.sample(4 << 20);
      assertThat(sample.changedOfAll() / PAGE).isBetween(2000L, 3000L);
      // It was looked at only.
      assertThat(passes.all(() -> locked).changedBytes()).isEqualTo(2500L * PAGE);
    }
  }

  @Test
  void theEndIsHeard() {
    ChangingMemory store = new ChangingMemory(2, ONE);
    store.change(new SplittableRandom(5), 200);
    try (WrittenGuest guest = new WrittenGuest(directory.resolve("guest"), store);
        MemoryPasses passes = passes(store)) {
      store.beforeRead(cancellation::cancel);
      PageSink locked = new LockedPages(guest.pages());
      assertThatThrownBy(() -> passes.all(() -> locked)).isInstanceOf(CancelledException.class);
    }
  }
}
