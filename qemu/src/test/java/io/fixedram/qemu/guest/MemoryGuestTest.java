// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.qemu.guest.MemoryGuest.Region;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Boots the guest on real QEMUs, whose paths are in the environment. */
class MemoryGuestTest {
  private static final List<String> QEMUS = List.of("FIXEDRAM_QEMU_7", "FIXEDRAM_QEMU_10");
  private static final List<String> MACHINES = List.of("pc", "q35");
  private static final int PAGE = MemoryGuest.PAGE_SIZE;

  /** As long as there is less RAM than this, its file offset is its guest address. */
  private static final int MEBIBYTES = 64;

  private static final Region LOW = new Region(16 << 20, 256);

  @TempDir private Path directory;

  private static Stream<Arguments> qemusAndMachines() {
    return QEMUS.stream()
        .flatMap(qemu -> MACHINES.stream().map(machine -> Arguments.of(qemu, machine)));
  }

  @ParameterizedTest
  @MethodSource("qemusAndMachines")
  void reportsEveryGeneration(String qemu, String machine) throws Exception {
    MemoryGuest guest = new MemoryGuest(List.of(new Region(16 << 20, 4096)), 0);
    try (RunningGuest running =
        new RunningGuest(directory, binary(qemu), machine, MEBIBYTES, guest)) {
      SerialReport report = running.awaitGeneration(5);
      assertThat(report.ready()).isTrue();
      assertThat(report.firstGeneration()).hasValue(1);
      assertThat(report.consecutive()).isTrue();
      assertThat(report.firstBad()).isEmpty();
    }
  }

  /** Firmware works in the last megabytes of RAM and leaves things there. */
  @ParameterizedTest
  @MethodSource("qemusAndMachines")
  void worksInMemoryThatFirmwareHasUsed(String qemu, String machine) throws Exception {
    MemoryGuest guest = new MemoryGuest(List.of(new Region(1 << 20, (MEBIBYTES - 1) * 256)), 0);
    try (RunningGuest running =
        new RunningGuest(directory, binary(qemu), machine, MEBIBYTES, guest)) {
      assertThat(running.awaitGeneration(3).firstBad()).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("qemusAndMachines")
  void memoryHoldsWhatTheSourceSays(String qemu, String machine) throws Exception {
    Region high = new Region(5L << 30, 200);
    // QEMU's hw/i386/pc_piix.c and pc_q35.c: of 6 GiB so much lies below 4 GiB, and first.
    long below4GiB = machine.equals("pc") ? 3L << 30 : 2L << 30;
    MemoryGuest guest = new MemoryGuest(List.of(LOW, high), 20_000);
    try (RunningGuest running =
        new RunningGuest(directory, binary(qemu), machine, 6 << 10, guest)) {
      running.awaitGeneration(18);
      running.kill();
      SerialReport report = running.report();
      assertThat(report.firstBad()).isEmpty();
      long generation = report.lastGeneration().orElseThrow();

      long torn = 0;
      long zero = 0;
      for (long page = 0; page < LOW.pages() + high.pages(); page++) {
        long address =
            page < LOW.pages()
                ? LOW.guestAddress() + page * PAGE
                : below4GiB + (high.guestAddress() - (4L << 30)) + (page - LOW.pages()) * PAGE;
        MemorySegment memory = running.ram().asSlice(address, PAGE);
        MemorySegment old = expected(page, writer(page, generation));
        MemorySegment rewritten = expected(page, writer(page, generation + 1));
        if (memory.mismatch(old) >= 0 && memory.mismatch(rewritten) >= 0) {
          torn++;
        }
        if (memory.mismatch(MemorySegment.ofArray(new byte[PAGE])) < 0) {
          zero++;
        }
      }
      assertThat(torn).as("pages that were being written").isLessThanOrEqualTo(1);
      // One page in 16 always, and a quarter of 14 in 16.
      assertThat(zero).as("zero pages").isBetween(456L / 16 + 80, 456L / 16 + 120);
    }
  }

  @ParameterizedTest
  @FieldSource("QEMUS")
  void seesOneBitFlipped(String qemu) throws Exception {
    assertSeen(
        qemu, 5, (ram, page) -> page.set(JAVA_BYTE, 4095, (byte) (page.get(JAVA_BYTE, 4095) ^ 1)));
  }

  @ParameterizedTest
  @FieldSource("QEMUS")
  void seesDataInAPageThatIsNeverWritten(String qemu) throws Exception {
    assertSeen(qemu, 32, (ram, page) -> page.set(JAVA_BYTE, 1000, (byte) 1));
  }

  @ParameterizedTest
  @FieldSource("QEMUS")
  void seesALostPage(String qemu) throws Exception {
    assertSeen(qemu, 21, (ram, page) -> page.fill((byte) 0));
  }

  @ParameterizedTest
  @FieldSource("QEMUS")
  void seesAPageInAnotherPagesPlace(String qemu) throws Exception {
    assertSeen(qemu, 37, (ram, page) -> page.copyFrom(pageOf(ram, 69)));
  }

  /** The page changes in its first 64 bytes only from one writing to the next. */
  @ParameterizedTest
  @FieldSource("QEMUS")
  void seesAStalePage(String qemu) throws Exception {
    assertSeen(
        qemu,
        55,
        (ram, page) -> {
          MemorySegment stale = MemorySegment.ofArray(page.toArray(JAVA_BYTE));
          while (page.mismatch(stale) < 0) {
            Thread.sleep(1);
          }
          // The guest may be writing the page at this moment; a little later it is done.
          Thread.sleep(5);
          page.copyFrom(stale);
        });
  }

  private interface Spoiler {
    void spoil(MemorySegment ram, MemorySegment page) throws InterruptedException;
  }

  private void assertSeen(String qemu, int page, Spoiler spoiler) throws Exception {
    // 0.1 ms a page: a generation takes some 25 ms, and a page rests for 100 ms.
    MemoryGuest guest = new MemoryGuest(List.of(LOW), 100_000);
    try (RunningGuest running = new RunningGuest(directory, binary(qemu), "pc", MEBIBYTES, guest)) {
      assertThat(running.awaitGeneration(4).firstBad()).isEmpty();

      spoiler.spoil(running.ram(), pageOf(running.ram(), page));

      String wrong = "BAD page %08x".formatted(page);
      SerialReport seen =
          running.await(wrong, report -> report.firstBad().orElse("").endsWith(wrong));
      SerialReport later = running.awaitGeneration(seen.lastGeneration().orElseThrow() + 6);
      assertThat(later.firstBad()).isEqualTo(seen.firstBad());
    }
  }

  private static MemorySegment pageOf(MemorySegment ram, int page) {
    return ram.asSlice(LOW.guestAddress() + (long) page * PAGE, PAGE);
  }

  /** The generation that wrote the page last, once {@code generation} is over. */
  private static long writer(long page, long generation) {
    if (page % 16 == 0 || page % 16 == 5) {
      return 0;
    }
    long last = generation;
    while (last > 0 && (page + last) % 4 != 0) {
      last--;
    }
    return last;
  }

  /** What memory-guest.S says that a page holds. */
  private static MemorySegment expected(long page, long writer) {
    MemorySegment content = MemorySegment.ofArray(new byte[PAGE]);
    if ((page + writer) / 4 % 4 == 0) {
      return content;
    }
    for (int i = 0; i < PAGE / Long.BYTES; i++) {
      boolean lasting = page / 16 % 2 == 1 && i >= 8;
      long key = (lasting ? 0 : writer) << 41 | page << 9 | i;
      content.set(
          ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
          (long) i * Long.BYTES,
          key * 0x9e37_79b9_7f4a_7c15L);
    }
    return content;
  }

  private static Path binary(String variable) {
    String value = System.getenv().getOrDefault(variable, "");
    assumeTrue(!value.isEmpty(), variable + " is not set to the path of a qemu-system-x86_64");
    return Path.of(value);
  }
}
