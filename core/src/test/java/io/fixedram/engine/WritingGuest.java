// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.memory.GuestMemory;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest whose threads write random bytes and zeros to random places, whole pages and parts of
 * them, as long as it runs. The same seed gives the same writes in each thread.
 */
public final class WritingGuest implements GuestControl, AutoCloseable {
  private static final byte[] STATE = {1, 2, 3, 4, 5};
  private static final int MAX_PAGES_PER_WRITE = 3;
  private static final int MAX_WRITES_PER_TURN = 20;
  private static final long PAUSE_NANOS = 20_000;

  private final GuestMemory memory;
  private final List<RamBlock> blocks;
  private final int pageSize;
  private final List<Thread> threads = new ArrayList<>();

  /** Fair, so that a stop comes through while all threads write. */
  private final Semaphore mayWrite;

  private final int writers;
  private List<byte[]> atStop = List.of();
  private volatile boolean runsOn;
  private volatile boolean stopped;
  private volatile boolean ended;

  /** A guest that does not run yet, if it has any memory to write. */
  public WritingGuest(GuestMemory memory, int writers) {
    this.memory = memory;
    this.blocks = memory.blocks().list().stream().filter(block -> block.usedLength() > 0).toList();
    this.pageSize = memory.blocks().targetPageSize();
    this.writers = writers;
    this.mayWrite = new Semaphore(writers, true);
  }

  /** Lets it run on as soon as a save needs its memory no more. */
  public WritingGuest runningOn() {
    runsOn = true;
    return this;
  }

  /** Starts its threads. */
  public WritingGuest start(long seed) {
    for (int i = 0; i < (blocks.isEmpty() ? 0 : writers); i++) {
      Random random = new Random(seed + i);
      threads.add(Thread.ofPlatform().daemon().start(() -> write(random)));
    }
    return this;
  }

  private void write(Random random) {
    byte[] bytes = new byte[MAX_PAGES_PER_WRITE * pageSize];
    random.nextBytes(bytes);
    byte[] zeros = new byte[bytes.length];
    while (!ended) {
      mayWrite.acquireUninterruptibly();
      try {
        for (int i = random.nextInt(MAX_WRITES_PER_TURN); i >= 0; i--) {
          writeOnce(random, random.nextInt(3) == 0 ? zeros : bytes);
        }
      } finally {
        mayWrite.release();
      }
      if (random.nextInt(4) == 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void writeOnce(Random random, byte[] from) {
    RamBlock block = blocks.get(random.nextInt(blocks.size()));
    int most = (int) Math.min(from.length, block.usedLength());
    int length = random.nextBoolean() ? pageSize : 1 + random.nextInt(most);
    long offset = random.nextLong(block.usedLength() - length + 1);
    if (random.nextBoolean()) {
      offset &= -pageSize;
    }
    int start = random.nextInt(from.length - length + 1);
    memory.write(block, offset, MemorySegment.ofArray(from).asSlice(start, length));
  }

  /** Whether its threads are held. */
  public boolean isStopped() {
    return stopped;
  }

  /** What each block held when it was stopped last. */
  public List<byte[]> atStop() {
    return atStop;
  }

  @Override
  public void stop() {
    mayWrite.acquireUninterruptibly(writers);
    stopped = true;
    atStop =
        memory.blocks().list().stream()
            .map(block -> memory.segment(block).toArray(ValueLayout.JAVA_BYTE))
            .toList();
  }

  @Override
  public DeviceState deviceState() {
    return new OpaqueDevice("guest", 1, MemorySegment.ofArray(STATE)).toDeviceState();
  }

  /** Whether a loaded state is this guest's. */
  public static boolean isState(DeviceState state) {
    return OpaqueDevice.of(state).payload().mismatch(MemorySegment.ofArray(STATE)) == -1;
  }

  @Override
  public void saved() {
    if (runsOn) {
      resume();
    }
  }

  @Override
  public void resume() {
    if (stopped) {
      stopped = false;
      mayWrite.release(writers);
    }
  }

  /** Ends the threads; the memory stays as it is then. */
  @Override
  public void close() {
    ended = true;
    resume();
    threads.forEach(WritingGuest::join);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
