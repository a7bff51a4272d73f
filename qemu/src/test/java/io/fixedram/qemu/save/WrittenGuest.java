// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/** A save that takes the pages of a store that changes, and is compared with it in the end. */
final class WrittenGuest implements AutoCloseable {
  private static final int PAGE = ChangingMemory.PAGE;

  private final Path file;
  private final ChangingMemory store;
  private final SaveWriter writer;

  WrittenGuest(Path file, ChangingMemory store) {
    this.file = file;
    this.store = store;
    this.writer = SaveWriter.create(file, SaveFormat.MAPPED_RAM, WriteOptions.defaults());
    writer.sink().begin(store.header());
  }

  /** Takes pages, of one thread at a time. */
  PageSink pages() {
    return writer.sink();
  }

  /** Ends the save and compares it: all pages, and no bit and no data where a page is zero. */
  void assertSame() {
    writer.sink().end(new DeviceState(MemorySegment.ofArray(new byte[1]), 0, Optional.empty()));
    var _ = writer.publish();
    try (PageStore saved = Saves.open(file);
        Arena arena = Arena.ofConfined()) {
      for (RamBlock block : store.blocks()) {
        PageMap map = saved.pages(block);
        MemorySegment page = arena.allocate(PAGE, PAGE);
        for (long i = 0; i < map.pages(); i++) {
          MemorySegment expected = store.content(block).asSlice(i * PAGE, PAGE);
          page.fill((byte) 0);
          if (map.stored().get(i)) {
            assertThat(saved.read(map, i, i + 1, page, 0)).isTrue();
          }
          assertThat(page.mismatch(expected)).as("page %d of %s", i, block).isEqualTo(-1);
          assertThat(map.stored().get(i))
              .as("bit of page %d of %s", i, block)
              .isEqualTo(!isZero(expected));
        }
      }
    }
  }

  private static boolean isZero(MemorySegment page) {
    return page.mismatch(MemorySegment.ofArray(new byte[PAGE])) == -1;
  }

  @Override
  public void close() {
    writer.close();
  }
}
