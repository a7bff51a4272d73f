// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A guest whose threads write random bytes and zeros to random places, whole pages and parts of
 * them, as long as it runs. Same seed, same writes of each thread.
 */
final class WritingGuest implements GuestControl, AutoCloseable {
  static final byte[] STATE = {1, 2, 3, 4, 5};

  private static final int MOST_BYTES_A_WRITE = 3 * 4096;

  private final GuestMemory memory;
  private final List<RamBlock> blocks;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong writes = new AtomicLong();

  /** Fair, so that a stop comes through while all threads write. */
  private final Semaphore mayWrite;

  private boolean stopped;
  private volatile boolean ended;

  WritingGuest(GuestMemory memory, int writers, long seed) {
    this.memory = memory;
    this.blocks = memory.blocks().list().stream().filter(block -> block.usedLength() > 0).toList();
    this.mayWrite = new Semaphore(writers, true);
    for (int i = 0; i < writers; i++) {
      Random random = new Random(seed + i);
      threads.add(Thread.ofPlatform().daemon().start(() -> write(random)));
    }
  }

  private void write(Random random) {
    byte[] bytes = new byte[MOST_BYTES_A_WRITE];
    random.nextBytes(bytes);
    byte[] zeros = new byte[MOST_BYTES_A_WRITE];
    while (!ended) {
      mayWrite.acquireUninterruptibly();
      try {
        for (int i = random.nextInt(20); i >= 0; i--) {
          writeOnce(random, random.nextInt(3) == 0 ? zeros : bytes);
        }
      } finally {
        mayWrite.release();
      }
    }
  }

  private void writeOnce(Random random, byte[] from) {
    RamBlock block = blocks.get(random.nextInt(blocks.size()));
    int most = (int) Math.min(MOST_BYTES_A_WRITE, block.usedLength());
    int length = random.nextBoolean() ? Math.min(most, 4096) : 1 + random.nextInt(most);
    long offset = random.nextLong(block.usedLength() - length + 1);
    if (random.nextBoolean()) {
      offset &= -4096L;
    }
    int start = random.nextInt(MOST_BYTES_A_WRITE - length + 1);
    memory.write(block, offset, MemorySegment.ofArray(from).asSlice(start, length));
    writes.incrementAndGet();
  }

  /** Number of writes so far. */
  long writes() {
    return writes.get();
  }

  /** Whether its threads are held. */
  boolean isStopped() {
    return stopped;
  }

  @Override
  public void stop() {
    mayWrite.acquireUninterruptibly(threads.size());
    stopped = true;
  }

  @Override
  public DeviceState deviceState() {
    return new OpaqueDevice("guest", 1, MemorySegment.ofArray(STATE)).toDeviceState();
  }

  @Override
  public void resume() {
    if (stopped) {
      stopped = false;
      mayWrite.release(threads.size());
    }
  }

  /** Ends the threads; the memory stays as it is then. */
  @Override
  public void close() {
    ended = true;
    resume();
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException(e);
        }
      }
    }
  }
}
