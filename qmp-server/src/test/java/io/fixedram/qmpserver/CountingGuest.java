// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.GuestControl;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A guest that counts up in one page after the other, in a thread of its own, while it runs. */
final class CountingGuest implements GuestControl, AutoCloseable {
  static final RamBlocks BLOCKS =
      new RamBlocks(
          4096, List.of(new RamBlock(0, "ram", 8 << 20), new RamBlock(1, "flash", 64 << 10)));

  private static final long PAUSE_NANOS = 50_000;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory = GuestMemory.allocate(arena, BLOCKS);
  private final Thread thread;
  private final Object step = new Object();
  private boolean runs = true;
  private volatile long count;
  private volatile boolean ended;

  CountingGuest() {
    BLOCKS.list().forEach(block -> memory.segment(block).fill((byte) 1));
    thread = Thread.ofPlatform().daemon().start(this::work);
  }

  private void work() {
    RamBlock ram = BLOCKS.list().getFirst();
    while (!ended) {
      synchronized (step) {
        if (runs) {
          count++;
          long offset = count % (ram.usedLength() / 4096) * 4096;
          memory.segment(ram).set(ValueLayout.JAVA_LONG, offset, count);
          memory.markDirty(ram, offset, Long.BYTES);
        }
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  GuestMemory memory() {
    return memory;
  }

  long count() {
    return count;
  }

  @Override
  public void stop() {
    synchronized (step) {
      if (!runs) {
        throw new IllegalStateException("stopped twice");
      }
      runs = false;
    }
  }

  @Override
  public DeviceState deviceState() {
    return new OpaqueDevice("counter", 1, MemorySegment.ofArray(new byte[] {42})).toDeviceState();
  }

  @Override
  public void resume() {
    synchronized (step) {
      if (runs) {
        throw new IllegalStateException("resumed twice");
      }
      runs = true;
    }
  }

  @Override
  public void close() {
    ended = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    arena.close();
  }
}
