// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Looks for pages of live saves that are not those of the moment when the guest was stopped. A
 * guest of two NUMA nodes that dirties both all the time is saved while it runs, again and again,
 * and left stopped each time; then QEMU itself dumps the memory that the guest sees, and each page
 * of it is compared with the save.
 */
final class StalePages {
  private static final int PAGE = 4096;
  private static final int SAVES_OF_A_GUEST = 25;
  private static final long NODE_BYTES = 32L << 20;

  /** Not RAM, or RAM that is seen elsewhere too: video memory, option ROMs, firmware. */
  private static final long OTHERS_FROM = 0xa0000;

  private static final long OTHERS_TO = 0x100000;

  private static final GuestSpec SPEC =
      GuestSpec.small()
          .running(
              new MemoryGuest(List.of(new Region(16 << 20, 4096), new Region(NODE_BYTES, 6144)), 0))
          .with("-object", "memory-backend-ram,id=one,size=32M", "-numa", "node,memdev=one")
          .with("-object", "memory-backend-ram,id=two,size=32M", "-numa", "node,memdev=two");

  private final Path directory;
  private final RunningQemu qemu;
  private final SaveMode mode;

  /**
   * What was found.
   *
   * @param saves how many were made
   * @param staleSaves those of them with a page that is not right
   * @param stalePages all such pages
   * @param changedPages pages that were others than in the save before: what could have been stale
   */
  record Result(int saves, int staleSaves, long stalePages, long changedPages) {
    private Result plus(Result other) {
      return new Result(
          saves + other.saves,
          staleSaves + other.staleSaves,
          stalePages + other.stalePages,
          changedPages + other.changedPages);
    }
  }

  private StalePages(Path directory, RunningQemu qemu, SaveMode mode) {
    this.directory = directory;
    this.qemu = qemu;
    this.mode = mode;
  }

  /** Makes so many saves, of a new guest after every 25. */
  static Result look(TestedQemu version, SaveMode mode, int saves, Path directory)
      throws IOException {
    Result all = new Result(0, 0, 0, 0);
    while (all.saves < saves) {
      Path own = Files.createTempDirectory(directory, "guest");
      try (RunningQemu qemu = RunningQemu.boot(version, SPEC, own)) {
        qemu.awaitGeneration(3);
        int some = Math.min(SAVES_OF_A_GUEST, saves - all.saves);
        all = all.plus(new StalePages(own, qemu, mode).run(some));
      }
    }
    return all;
  }

  private Result run(int saves) throws IOException {
    Result all = new Result(0, 0, 0, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment before = arena.allocate(2 * NODE_BYTES, PAGE);
      for (int i = 0; i < saves; i++) {
        Path file = directory.resolve("live.save");
        GuestSave request = GuestSave.of(qemu.qmp(), file).mode(mode).then(AfterSave.PAUSE);
        var _ = request.run();
        long stale;
        long changed;
        try (Arena dumps = Arena.ofConfined()) {
          MemorySegment dump = dump(dumps);
          stale = differing(dump, saved(dumps, file));
          changed = differing(dump, before);
          before.copyFrom(dump);
        }
        all = all.plus(new Result(1, stale > 0 ? 1 : 0, stale, changed));
        qemu.observer().execute("cont");
        Files.delete(file);
      }
    }
    return all;
  }

  /** The memory that the guest sees, as QEMU says. */
  private MemorySegment dump(Arena arena) throws IOException {
    Path file = directory.resolve("dump");
    qemu.observer()
        .execute("pmemsave", Map.of("val", 0, "size", 2 * NODE_BYTES, "filename", file.toString()));
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, 2 * NODE_BYTES, arena);
    } finally {
      Files.delete(file);
    }
  }

  /** The same memory as the save has it. */
  private static MemorySegment saved(Arena arena, Path file) {
    MemorySegment memory = arena.allocate(2 * NODE_BYTES, PAGE);
    MemorySegment buffer = arena.allocate(1 << 20, PAGE);
    try (PageStore store = Saves.open(file)) {
      long start = 0;
      for (String node : List.of("one", "two")) {
        RamBlock block =
            store.blocks().stream()
                .filter(each -> each.name().endsWith(node))
                .findFirst()
                .orElseThrow();
        PageMap map = store.pages(block);
        store.send(
            map, 0, map.pages(), buffer, new MemoryOfBlock(memory.asSlice(start, NODE_BYTES)));
        start += NODE_BYTES;
      }
    }
    return memory;
  }

  /** Takes the pages of one block. */
  private record MemoryOfBlock(MemorySegment memory) implements PageSink {
    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      MemorySegment.copy(from, fromOffset, memory, offset, lengthBytes);
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      memory.asSlice(offset, lengthBytes).fill((byte) 0);
    }
  }

  private static long differing(MemorySegment one, MemorySegment other) {
    long count = 0;
    for (long at = 0; at < one.byteSize(); at += PAGE) {
      boolean compared = at < OTHERS_FROM || at >= OTHERS_TO;
      if (compared && MemorySegment.mismatch(one, at, at + PAGE, other, at, at + PAGE) != -1) {
        count++;
      }
    }
    return count;
  }
}
