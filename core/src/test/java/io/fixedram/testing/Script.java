// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A save as a list of steps, pages any number of times, and the guest that must come of it. */
public final class Script implements PageSource {
  private static final int MAX_RUN_BYTES = 3 << 19;

  private final Random random;
  private final Guest guest;
  private final List<Step> steps = new ArrayList<>();

  private sealed interface Step {
    record Data(RamBlock block, long offset, MemorySegment content) implements Step {}

    record Zero(RamBlock block, long offset, long lengthBytes) implements Step {}

    record Drain() implements Step {}
  }

  private Script(Random random, Guest guest) {
    this.random = random;
    this.guest = guest;
  }

  /** A random list of at most so many steps, which the guest follows. */
  public static Script random(Random random, Guest guest, int mostSteps) {
    Script script = new Script(random, guest);
    List<RamBlock> blocks =
        guest.blocks().stream().filter(block -> block.usedLength() > 0).toList();
    for (int i = random.nextInt(mostSteps + 1); i > 0; i--) {
      script.addRandom(RandomGuests.pick(random, blocks));
    }
    return script;
  }

  /** All pages of a guest, once. */
  public static Script of(Guest guest) {
    Script script = new Script(new Random(0), guest);
    for (RamBlock block : guest.blocks()) {
      guest
          .nonZero(block)
          .forEach((index, page) -> script.add(block, index * guest.pageSize(), page));
    }
    return script;
  }

  /** Appends content. */
  public Script data(RamBlock block, long offset, byte[] content) {
    guest.put(block, offset, content);
    add(block, offset, content);
    return this;
  }

  private void add(RamBlock block, long offset, byte[] content) {
    steps.add(new Step.Data(block, offset, MemorySegment.ofArray(content).asReadOnly()));
  }

  /** Appends zeros. */
  public Script zero(RamBlock block, long offset, long lengthBytes) {
    guest.zero(block, offset, lengthBytes);
    steps.add(new Step.Zero(block, offset, lengthBytes));
    return this;
  }

  /** Appends a wait until all pages so far are in the file. */
  public Script drain() {
    steps.add(new Step.Drain());
    return this;
  }

  private void addRandom(RamBlock block) {
    int pageSize = guest.pageSize();
    long pages = block.usedLength() / pageSize;
    long page = page(block, pages);
    int most = (int) Math.min(pages - page, Math.max(1, MAX_RUN_BYTES / pageSize));
    int run = 1 + random.nextInt(most);
    switch (random.nextInt(10)) {
      case 0 -> data(block, page * pageSize, RandomGuests.content(random, pageSize));
      case 1 -> data(block, page * pageSize, new byte[pageSize]);
      case 2 -> data(block, page * pageSize, RandomGuests.content(random, run * pageSize));
      case 3 -> data(block, page * pageSize, patchwork(run));
      case 4 -> zero(block, page * pageSize, pageSize);
      case 5 -> zero(block, page * pageSize, (long) run * pageSize);
      case 6 -> zero(block, page * pageSize, (pages - page) * pageSize);
      case 7 -> steps.add(new Step.Drain());
      case 8 -> {
        data(block, page * pageSize, RandomGuests.content(random, pageSize));
        zero(block, page * pageSize, pageSize);
        if (random.nextBoolean()) {
          data(block, page * pageSize, RandomGuests.content(random, pageSize));
        }
      }
      default -> {
        for (int i = 0; i < Math.min(run, 16); i++) {
          data(block, (page + i) * pageSize, RandomGuests.content(random, pageSize));
        }
      }
    }
  }

  /** Mostly near a step before, so that pages repeat. */
  private long page(RamBlock block, long pages) {
    if (!steps.isEmpty() && random.nextInt(3) > 0) {
      Step step = RandomGuests.pick(random, steps);
      long offset =
          switch (step) {
            case Step.Data data when data.block.equals(block) -> data.offset;
            case Step.Zero zero when zero.block.equals(block) -> zero.offset;
            default -> 0;
          };
      return Math.min(pages - 1, offset / guest.pageSize() + random.nextInt(3));
    }
    return random.nextLong(pages);
  }

  /** Pages with content and pages of zeros in one run. */
  private byte[] patchwork(int run) {
    int pageSize = guest.pageSize();
    byte[] bytes = new byte[run * pageSize];
    for (int i = 0; i < run; i++) {
      if (random.nextBoolean()) {
        byte[] page = RandomGuests.content(random, pageSize);
        System.arraycopy(page, 0, bytes, i * pageSize, pageSize);
      }
    }
    return bytes;
  }

  /** What the guest is once all steps are done. */
  public Guest guest() {
    return guest;
  }

  @Override
  public void sendTo(SaveSink sink) {
    sink.begin(guest.header());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate((long) MAX_RUN_BYTES + (2 << 16));
      for (Step step : steps) {
        switch (step) {
          case Step.Data data -> send(data, memory, sink);
          case Step.Zero zero -> sink.zero(zero.block, zero.offset, zero.lengthBytes);
          case Step.Drain drain -> sink.drain();
        }
      }
    }
    sink.end(guest.tail().toState());
  }

  /** Native memory or an array, anywhere in it, and not what it was once the sink has seen it. */
  private void send(Step.Data data, MemorySegment memory, SaveSink sink) {
    MemorySegment content = data.content;
    long length = content.byteSize();
    long at = random.nextInt(4) == 0 ? random.nextInt(4096) : 0;
    MemorySegment area =
        random.nextBoolean()
            ? memory
            : MemorySegment.ofArray(new byte[Math.toIntExact(length) + 4096]);
    MemorySegment.copy(content, 0, area, at, length);
    sink.data(data.block, data.offset, area, at, length);
    area.asSlice(at, length).fill((byte) 0x5a);
  }
}
