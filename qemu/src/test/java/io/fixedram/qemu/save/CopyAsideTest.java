// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CopyAsideTest {
  private static final int PAGE = 4096;
  private static final long MIB = 1 << 20;
  private static final RamBlock ROM = new RamBlock(0, "pc.bios", 64 * PAGE);
  private static final RamBlock RAM = new RamBlock(1, "pc.ram", 64 * MIB);
  private static final RamBlocks BLOCKS = new RamBlocks(PAGE, List.of(ROM, RAM));

  private final Cancellation cancellation = new Cancellation();
  private final Memory target = new Memory();
  private final CountDownLatch gate = new CountDownLatch(1);

  /** What has arrived: the first byte of each page, and which pages were made zero. */
  private static final class Memory implements PageSink {
    private final byte[] first = new byte[(int) (RAM.usedLength() / PAGE)];
    private final List<String> zeros = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      assertThat(block).isSameAs(RAM);
      for (long done = 0; done < lengthBytes; done += PAGE) {
        byte content = from.get(ValueLayout.JAVA_BYTE, fromOffset + done);
        assertThat(from.get(ValueLayout.JAVA_BYTE, fromOffset + done + PAGE - 1))
            .isEqualTo(content);
        first[(int) ((offset + done) / PAGE)] = content;
      }
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      zeros.add(block + " " + offset / PAGE + "+" + lengthBytes / PAGE);
    }
  }

  /** The target, behind a gate. */
  private PageSink slow() {
    return new PageSink() {
      @Override
      public void data(
          RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
        try {
          assertThat(gate.await(50, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        target.data(block, offset, from, fromOffset, lengthBytes);
      }

      @Override
      public void zero(RamBlock block, long offset, long lengthBytes) {
        target.zero(block, offset, lengthBytes);
      }
    };
  }

  private static PageSink failing(Throwable failure) {
    return new PageSink() {
      @Override
      public void data(
          RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
        switch (failure) {
          case Error error -> throw error;
          case RuntimeException exception -> throw exception;
          default -> throw new AssertionError(failure);
        }
      }

      @Override
      public void zero(RamBlock block, long offset, long lengthBytes) {}
    };
  }

  private static MemorySegment pages(int value, int count) {
    MemorySegment pages = MemorySegment.ofArray(new byte[count * PAGE]);
    return pages.fill((byte) value);
  }

  private CopyAside copy(PageSink to, long mebibytes) {
    return new CopyAside(to, BLOCKS, mebibytes * MIB, cancellation);
  }

  @Test
  void takesAllWithoutWaiting() {
    try (CopyAside copy = copy(slow(), 6)) {
      PageSink lane = copy.lane();
      // The target takes nothing yet.
      lane.data(RAM, 0, pages(1, 512), 0, 512 * PAGE);
      lane.data(RAM, 600L * PAGE, pages(2, 3), PAGE, 2 * PAGE);
      lane.zero(ROM, PAGE, 3 * PAGE);
      lane.zero(RAM, 700L * PAGE, 300L * PAGE);
      lane.data(RAM, 5000L * PAGE, pages(3, 1), 0, PAGE);
      gate.countDown();
      copy.finish();
    }
    for (int i = 0; i < 512; i++) {
      assertThat(target.first[i]).as("page %d", i).isEqualTo((byte) 1);
    }
    assertThat(target.first[600]).isEqualTo((byte) 2);
    assertThat(target.first[601]).isEqualTo((byte) 2);
    assertThat(target.first[602]).isZero();
    assertThat(target.first[5000]).isEqualTo((byte) 3);
    assertThat(target.zeros).containsExactly("pc.bios 1+3", "pc.ram 700+300");
  }

  /** More comes than there is room for, by two threads, one of which ends early. */
  @Test
  void waitsWhereThereIsNoRoom() throws Exception {
    gate.countDown();
    try (CopyAside copy = copy(slow(), 4)) {
      List<Thread> threads = new ArrayList<>();
      for (int thread = 0; thread < 2; thread++) {
        long start = thread;
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  PageSink lane = copy.lane();
                  for (long page = start; page < (start == 0 ? 100 : 16_000); page += 2) {
                    lane.data(RAM, page * PAGE, pages((int) (page % 100) + 1, 1), 0, PAGE);
                  }
                }));
      }
      for (Thread each : threads) {
        each.join();
      }
      copy.finish();
    }
    for (int page = 1; page < 16_000; page += 2) {
      assertThat(target.first[page]).as("page %d", page).isEqualTo((byte) (page % 100 + 1));
    }
    assertThat(target.first[98]).isEqualTo((byte) 99);
    assertThat(target.first[100]).isZero();
  }

  @Test
  void manyRecordsOfZeros() {
    gate.countDown();
    try (CopyAside copy = copy(slow(), 4)) {
      PageSink lane = copy.lane();
      for (int i = 0; i < 500_000; i++) {
        lane.zero(ROM, i % 64L * PAGE, PAGE);
      }
      lane.data(RAM, 0, pages(9, 1), 0, PAGE);
      copy.finish();
    }
    assertThat(target.zeros).hasSize(500_000);
    assertThat(target.first[0]).isEqualTo((byte) 9);
  }

  @Test
  void failureWhileItIsHandedOn() {
    try (CopyAside copy = copy(failing(new FixedRamException("no space left")), 4)) {
      copy.lane().data(RAM, 0, pages(1, 1), 0, PAGE);
      assertThatThrownBy(copy::finish)
          .isInstanceOf(FixedRamException.class)
          .hasMessage("no space left");
    }
  }

  @Test
  void failureWhilePagesCome() {
    try (CopyAside copy = copy(failing(new OutOfMemoryError("none")), 4)) {
      PageSink lane = copy.lane();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  lane.data(RAM, 0, pages(1, 256), 0, 256 * PAGE);
                }
              })
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("writing pages failed")
          .hasRootCauseInstanceOf(OutOfMemoryError.class);
    }
  }

  @Test
  void theEndIsHeard() {
    try (CopyAside copy = copy(target, 4)) {
      copy.lane().data(RAM, 0, pages(1, 1), 0, PAGE);
      cancellation.cancel();
      assertThatThrownBy(copy::finish).isInstanceOf(CancelledException.class);
    }
    assertThat(target.first[0]).isZero();
  }

  @Test
  void unfinishedIsDropped() {
    try (CopyAside copy = copy(target, 4)) {
      copy.lane().data(RAM, 0, pages(1, 1), 0, PAGE);
    }
    assertThat(target.first[0]).isZero();
  }
}
