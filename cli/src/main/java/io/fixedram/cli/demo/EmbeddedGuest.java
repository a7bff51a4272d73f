// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.engine.GuestControl;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import io.fixedram.os.Threads;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A guest inside this process: memory, half of it filled, and a thread that keeps rewriting a hot
 * part of it, sometimes with zeros.
 */
final class EmbeddedGuest implements GuestControl, AutoCloseable {
  private static final int PAGE_BYTES = 4096;
  private static final long FIRMWARE_BYTES = 256 << 10;

  /** The first quarter of the memory is hot, the second quarter is constant data. */
  private static final int HOT_SHARE = 4;

  private static final int FILLED_SHARE = 2;

  /** One write in {@value} makes its page zero. */
  private static final int ZERO_WRITES = 8;

  private static final int PAGES_PER_BURST = 256;
  private static final int NOISE_LONGS = 1 << 17;

  /** The guest writes {@value} times its RAM per second. */
  private static final int DIRTY_FACTOR = 2;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory;
  private final long dirtyBytesPerSecond;
  private final SplittableRandom random = new SplittableRandom(1);

  /**
   * Random bytes from which the content of pages is copied, at random offsets: generating content
   * for each page would be too slow to write faster than a save reads.
   */
  private final MemorySegment noise = MemorySegment.ofArray(new long[NOISE_LONGS]);

  /**
   * Held during each burst of writes and while the guest is stopped; fair, so that a stop is not
   * delayed.
   */
  private final Semaphore running = new Semaphore(1, true);

  private volatile boolean stopped;

  /** Number of pages written so far, the guest's whole device state. */
  private long written;

  private volatile boolean ended;
  private final Thread writer;

  /** Starts the guest. */
  EmbeddedGuest(long ramBytes) {
    this.memory = GuestMemory.allocate(arena, blocks(ramBytes));
    this.dirtyBytesPerSecond = ramBytes * DIRTY_FACTOR;
    for (long at = 0; at < noise.byteSize(); at += Long.BYTES) {
      noise.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
    fill(memory.segment(ram()).asSlice(0, ramBytes / FILLED_SHARE));
    fill(memory.segment(memory.blocks().list().getLast()));
    writer = Thread.ofPlatform().daemon().name("embedded guest").start(this::work);
  }

  /** The blocks of such a guest. */
  static RamBlocks blocks(long ramBytes) {
    return new RamBlocks(
        PAGE_BYTES,
        List.of(
            new RamBlock(0, "embedded.ram", ramBytes),
            new RamBlock(1, "embedded.bios", FIRMWARE_BYTES)));
  }

  /** The guest's configuration in a save. */
  static Configuration configuration() {
    return Configuration.of("fixedram-embedded-1");
  }

  GuestMemory memory() {
    return memory;
  }

  private RamBlock ram() {
    return memory.blocks().list().getFirst();
  }

  private void fill(MemorySegment segment) {
    for (long at = 0; at < segment.byteSize(); at += PAGE_BYTES) {
      long from = random.nextLong(NOISE_LONGS - PAGE_BYTES / Long.BYTES) * Long.BYTES;
      MemorySegment.copy(noise, from, segment, at, PAGE_BYTES);
    }
  }

  private void work() {
    long burstNanos =
        TimeUnit.SECONDS.toNanos(1) * PAGES_PER_BURST * PAGE_BYTES / dirtyBytesPerSecond;
    long due = System.nanoTime();
    while (!ended) {
      running.acquireUninterruptibly();
      try {
        for (int i = 0; i < PAGES_PER_BURST; i++) {
          writePage();
        }
      } finally {
        running.release();
      }
      due += burstNanos;
      sleepUntil(due);
    }
  }

  private void writePage() {
    RamBlock ram = ram();
    long pages = ram.usedLength() / PAGE_BYTES / HOT_SHARE;
    long offset = random.nextLong(pages) * PAGE_BYTES;
    MemorySegment page = memory.segment(ram).asSlice(offset, PAGE_BYTES);
    if (random.nextInt(ZERO_WRITES) == 0) {
      page.fill((byte) 0);
    } else {
      fill(page);
    }
    memory.markDirty(ram, offset, PAGE_BYTES);
    written++;
  }

  private static void sleepUntil(long nanos) {
    long left = nanos - System.nanoTime();
    if (left > 0) {
      try {
        TimeUnit.NANOSECONDS.sleep(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void stop() {
    if (!stopped) {
      running.acquireUninterruptibly();
      stopped = true;
    }
  }

  @Override
  public DeviceState deviceState() {
    byte[] pagesWritten = Long.toString(written).getBytes(StandardCharsets.US_ASCII);
    return new OpaqueDevice("embedded-cpu", 1, MemorySegment.ofArray(pagesWritten)).toDeviceState();
  }

  @Override
  public void resume() {
    if (stopped) {
      stopped = false;
      running.release();
    }
  }

  /** Ends the guest, stopped or not, and frees its memory. */
  @Override
  public void close() {
    ended = true;
    resume();
    Threads.joinUninterruptibly(writer);
    arena.close();
  }
}
