// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChangedPagesTest {
  private static final int PAGE = 4096;
  private static final RamBlock ROM = new RamBlock(0, "pc.bios", 2 * PAGE);
  private static final RamBlock RAM = new RamBlock(1, "pc.ram", 600 * PAGE);

  private final Guest empty = Guest.of(ROM, RAM);
  private final FingerprintTable table = new FingerprintTable(empty.header().blocks());
  private final GuestSink target = new GuestSink();
  private final List<String> calls = new ArrayList<>();
  private final ChangedPages sink = new ChangedPages(recorded(target), table);

  @BeforeEach
  void begin() {
    target.begin(empty.header());
  }

  @AfterEach
  void close() {
    table.close();
  }

  private PageSink recorded(PageSink to) {
    return new PageSink() {
      @Override
      public void data(
          RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
        calls.add("data " + block + " " + offset / PAGE + "+" + lengthBytes / PAGE);
        to.data(block, offset, from, fromOffset, lengthBytes);
      }

      @Override
      public void zero(RamBlock block, long offset, long lengthBytes) {
        calls.add("zero " + block + " " + offset / PAGE + "+" + lengthBytes / PAGE);
        to.zero(block, offset, lengthBytes);
      }
    };
  }

  /** Pages that begin with these bytes, and hold nothing else. */
  private static MemorySegment pages(int... first) {
    byte[] memory = new byte[first.length * PAGE];
    for (int i = 0; i < first.length; i++) {
      memory[i * PAGE] = (byte) first[i];
    }
    return MemorySegment.ofArray(memory);
  }

  private List<String> called(Runnable work) {
    calls.clear();
    work.run();
    return List.copyOf(calls);
  }

  @Test
  void handsOnWhatIsNew() {
    assertThat(called(() -> sink.data(RAM, 0, pages(1, 2, 0, 0, 3), 0, 5 * PAGE)))
        .containsExactly("data pc.ram 0+2", "data pc.ram 4+1");
    assertThat(sink.dataBytes()).isEqualTo(3 * PAGE);
    assertThat(sink.zeroBytes()).isZero();
  }

  @Test
  void handsOnWhatIsChanged() {
    sink.data(RAM, 0, pages(1, 2, 3, 4, 5, 6), 0, 6 * PAGE);
    assertThat(called(() -> sink.data(RAM, 0, pages(1, 2, 3, 4, 5, 6), 0, 6 * PAGE))).isEmpty();
    assertThat(called(() -> sink.data(RAM, 0, pages(9, 2, 3, 9, 9, 6), 0, 6 * PAGE)))
        .containsExactly("data pc.ram 0+1", "data pc.ram 3+2");
    assertThat(called(() -> sink.data(RAM, PAGE, pages(8, 2, 7), PAGE, 2 * PAGE)))
        .containsExactly("data pc.ram 2+1");
    assertThat(called(() -> sink.data(ROM, 0, pages(9, 0), 0, 2 * PAGE)))
        .containsExactly("data pc.bios 0+1");
  }

  @Test
  void dataThatIsZeroNow() {
    sink.data(RAM, 0, pages(1, 2, 3, 4), 0, 4 * PAGE);
    assertThat(called(() -> sink.data(RAM, 0, pages(1, 0, 0, 5), 0, 4 * PAGE)))
        .containsExactly("zero pc.ram 1+2", "data pc.ram 3+1");
    assertThat(called(() -> sink.data(RAM, 0, pages(1, 0, 0, 5), 0, 4 * PAGE))).isEmpty();
    assertThat(sink.zeroBytes()).isEqualTo(2 * PAGE);
  }

  @Test
  void pagesThatBecomeZeroUnread() {
    sink.data(RAM, PAGE, pages(1, 2), 0, 2 * PAGE);
    sink.data(RAM, 500 * PAGE, pages(3), 0, PAGE);
    assertThat(called(() -> sink.zero(RAM, 0, 600L * PAGE)))
        .containsExactly("zero pc.ram 1+2", "zero pc.ram 500+1");
    assertThat(called(() -> sink.zero(RAM, 0, 600L * PAGE))).isEmpty();
    assertThat(called(() -> sink.data(RAM, PAGE, pages(1), 0, PAGE)))
        .containsExactly("data pc.ram 1+1");
  }

  /** Whatever changes in between, the target has what came last, and no page comes in vain. */
  @Test
  void passesOverChangingMemory() {
    for (int seed = 0; seed < 20; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try (FingerprintTable prints = new FingerprintTable(empty.header().blocks())) {
        GuestSink to = new GuestSink();
        to.begin(empty.header());
        Guest now = Guest.of(ROM, RAM);
        for (int pass = 0; pass < 6; pass++) {
          ChangedPages changes = new ChangedPages(to, prints);
          long expected = change(now, random);
          send(now, changes, random);
          assertThat(changes.dataBytes() + changes.zeroBytes())
              .as("seed %d, pass %d", seed, pass)
              .isLessThanOrEqualTo(expected * PAGE);
        }
        to.end(now.tail().toState());
        Guest.assertSame(to.guest(), now);
      }
    }
  }

  /** Changes a guest, and counts the pages that may be others. */
  private static long change(Guest guest, SplittableRandom random) {
    int runs = random.nextInt(40);
    long changed = 0;
    for (int i = 0; i < runs; i++) {
      RamBlock block = random.nextInt(8) == 0 ? ROM : RAM;
      int pages = (int) (block.usedLength() / PAGE);
      int first = random.nextInt(pages);
      int count = 1 + random.nextInt(Math.min(20, pages - first));
      changed += count;
      if (random.nextBoolean()) {
        guest.zero(block, (long) first * PAGE, (long) count * PAGE);
      } else {
        byte[] content = new byte[count * PAGE];
        content[random.nextInt(content.length)] = (byte) random.nextInt(3);
        guest.put(block, (long) first * PAGE, content);
      }
    }
    return changed;
  }

  private static void send(Guest guest, PageSink sink, SplittableRandom random) {
    for (RamBlock block : guest.blocks()) {
      long pages = block.usedLength() / PAGE;
      for (long page = 0; page < pages; ) {
        int count = (int) Math.min(pages - page, 1 + random.nextInt(30));
        byte[] memory = new byte[count * PAGE];
        boolean data = random.nextInt(4) == 0;
        for (int i = 0; i < count; i++) {
          byte[] content = guest.page(block, page + i);
          System.arraycopy(content, 0, memory, i * PAGE, PAGE);
          data |= isData(content);
        }
        if (data) {
          sink.data(block, page * PAGE, MemorySegment.ofArray(memory), 0, memory.length);
        } else {
          sink.zero(block, page * PAGE, memory.length);
        }
        page += count;
      }
    }
  }

  private static boolean isData(byte[] page) {
    for (byte each : page) {
      if (each != 0) {
        return true;
      }
    }
    return false;
  }
}
