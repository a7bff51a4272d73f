// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which way pages go to the disk, and when. */
class PageFileTest {
  private static final int PAGE = 4096;
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  @TempDir Path directory;

  private static long writeBacks(FaultyCalls calls) {
    return calls.calls().stream().filter(call -> call.kind() == Kind.SYNC_FILE_RANGE).count();
  }

  /** To write scattered pages back at once would cost the disk's latency for each. */
  @Test
  void longRunsAreWrittenBackAtOnceAndScatteredPagesLater() {
    FaultyCalls calls = FaultyCalls.none();
    try (Arena arena = Arena.ofConfined();
        Descriptor descriptor =
            Descriptor.open(calls, directory.resolve("file"), Descriptor.Mode.CREATE);
        PageFile file = new PageFile(descriptor, DirectMode.OFF)) {
      MemorySegment memory = arena.allocate(256 << 10, PAGE);
      for (int i = 0; i < 3000; i++) {
        file.writePages(3L * i * PAGE, memory, 0, PAGE);
      }
      assertThat(writeBacks(calls)).isZero();
      file.writePages(1 << 30, memory, 0, 256 << 10);
      file.writePages(2L << 30, memory, 0, 256 << 10);
      assertThat(writeBacks(calls)).isEqualTo(2);
    }
  }

  @Test
  void buffersAreAlignedForAnyDirectWrite() {
    try (Arena arena = Arena.ofConfined()) {
      for (long bytes : new long[] {1, 1 << 20, 24 << 20}) {
        MemorySegment memory = AnonymousMemory.allocateHuge(arena, bytes);
        assertThat(memory.address() % (2 << 20)).isZero();
        assertThat(memory.byteSize()).isEqualTo(bytes);
      }
    }
  }

  /** tmpfs takes the flag, and keeps the content in the page cache all the same. */
  @Test
  void memoryIsNoDisk() throws IOException {
    assumeTrue(Files.isWritable(SHARED_MEMORY), "there is no " + SHARED_MEMORY);
    Path path = Files.createTempFile(SHARED_MEMORY, "fixedram-test", "");
    try (Descriptor descriptor = Descriptor.open(path, Descriptor.Mode.EXISTING)) {
      assertThat(descriptor.isInMemory()).isTrue();
      try (PageFile file = new PageFile(descriptor, DirectMode.AUTO)) {
        assertThat(file.whyCached()).contains("the file system keeps its files in memory");
      }
      assertThatThrownBy(() -> new PageFile(descriptor, DirectMode.ON))
          .isInstanceOf(StorageException.class)
          .hasMessage(
              "cannot write "
                  + path
                  + " past the page cache: the file system keeps its files in memory")
          .satisfies(failure ->
              assertThat(((StorageException) failure).remedies())
                  .containsExactly(Remedy.WRITE_THROUGH_PAGE_CACHE));
    } finally {
      Files.delete(path);
    }
  }
}
