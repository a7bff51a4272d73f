// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import io.fixedram.os.OtherProcess.Range;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OtherProcessTest {
  private static final int OURS = (int) ProcessHandle.current().pid();
  private static final int PAGE = 4096;

  private static MemorySegment random(Arena arena, long bytes) {
    MemorySegment memory = AnonymousMemory.allocate(arena, bytes);
    byte[] content = new byte[(int) bytes];
    new Random(1).nextBytes(content);
    memory.copyFrom(MemorySegment.ofArray(content));
    return memory;
  }

  /** More pieces than one call takes, of many lengths, in another order. */
  private static List<Range> pieces(MemorySegment there) {
    List<Range> pieces = new ArrayList<>();
    Random random = new Random(2);
    for (long at = 0; at < there.byteSize(); ) {
      long length = Math.min(1 + random.nextInt(700), there.byteSize() - at);
      pieces.add(new Range(at, there.address() + at, length));
      at += length;
    }
    return pieces.reversed();
  }

  @Test
  void memoryInPieces() {
    try (Arena arena = Arena.ofConfined();
        OtherProcess process = OtherProcess.open(OURS)) {
      MemorySegment there = random(arena, 1 << 20);
      MemorySegment here = arena.allocate(1 << 20);
      List<Range> pieces = pieces(there);
      assertThat(pieces).hasSizeGreaterThan(2048);
      process.read(here, pieces);
      assertThat(here.mismatch(there)).isEqualTo(-1);

      here.set(ValueLayout.JAVA_BYTE, 77_777, (byte) ~here.get(ValueLayout.JAVA_BYTE, 77_777));
      process.write(here, pieces);
      assertThat(there.mismatch(here)).isEqualTo(-1);
    }
  }

  @Test
  void memoryThatIsNotThere() {
    try (Arena arena = Arena.ofConfined();
        OtherProcess process = OtherProcess.open(OURS)) {
      MemorySegment there = random(arena, PAGE);
      MemorySegment here = arena.allocate(2 * PAGE);
      List<Range> pieces = List.of(new Range(0, there.address(), PAGE), new Range(PAGE, 16, PAGE));
      assertThatThrownBy(() -> process.read(here, pieces))
          .isInstanceOf(StorageException.class)
          .hasMessage(
              "cannot read the memory of process " + OURS + " at address 10: no such memory");
      assertThat(here.asSlice(0, PAGE).mismatch(there)).isEqualTo(-1);
      assertThatThrownBy(() -> process.write(here, pieces))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("cannot write the memory of process ");
    }
  }

  @Test
  void piecesStayInTheGivenMemory() {
    try (Arena arena = Arena.ofConfined();
        OtherProcess process = OtherProcess.open(OURS)) {
      MemorySegment there = random(arena, PAGE);
      MemorySegment here = arena.allocate(PAGE);
      List<Range> beyond = List.of(new Range(1, there.address(), PAGE));
      assertThatThrownBy(() -> process.read(here, beyond))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void processThatHasEnded() throws IOException, InterruptedException {
    Process child = new ProcessBuilder("sleep", "60").start();
    try (OtherProcess process = OtherProcess.open((int) child.pid());
        Arena arena = Arena.ofConfined()) {
      assertThat(process.id()).isEqualTo((int) child.pid());
      assertThat(process.isAlive()).isTrue();
      child.destroyForcibly();
      assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.isAlive()).isFalse();
      MemorySegment here = arena.allocate(PAGE);
      assertThatThrownBy(() -> process.read(here, List.of(new Range(0, 0x1000, PAGE))))
          .isInstanceOf(StorageException.class)
          .hasMessageEndingWith("the process is gone");
    } finally {
      child.destroyForcibly();
    }
    assertThatThrownBy(() -> OtherProcess.open((int) child.pid()))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot open process " + child.pid() + ": the process is gone");
  }

  @Test
  void fileInMemory() {
    try (InMemoryFile file = InMemoryFile.create("fixedram test");
        Arena arena = Arena.ofConfined()) {
      byte[] content = "what is in it".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      file.writing().write(7, content);
      assertThat(file.reading().status().sizeBytes()).isEqualTo(7 + content.length);
      MemorySegment read = arena.allocate(content.length);
      file.reading().readUpTo(7, read, 0, content.length);
      assertThat(read.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
      assertThatThrownBy(() -> file.writing().read(0, read, 0, 1))
          .isInstanceOf(StorageException.class);
    }
  }
}
