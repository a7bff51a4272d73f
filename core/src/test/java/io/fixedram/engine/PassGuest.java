// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationListener;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * A guest without threads: it writes some random pages whenever it is told to, in the thread that
 * tells it, and keeps its own account of what its memory and the dirty log must hold.
 */
public final class PassGuest implements GuestControl {
  private final GuestMemory memory;
  private final Random random;
  private final List<byte[]> model = new ArrayList<>();
  private final List<BitSet> marked = new ArrayList<>();
  private boolean runs = true;
  private int resumed;

  /** A guest in memory that nobody else writes, with no marks in its log. */
  public PassGuest(GuestMemory memory, long seed) {
    this.memory = memory;
    this.random = new Random(seed);
    for (RamBlock block : memory.blocks().list()) {
      model.add(memory.segment(block).toArray(ValueLayout.JAVA_BYTE));
      marked.add(new BitSet());
    }
  }

  /** Writes some pages, if it runs. */
  public void write() {
    if (!runs) {
      return;
    }
    int pageSize = memory.blocks().targetPageSize();
    for (RamBlock block : memory.blocks().list()) {
      for (int i = 0; block.usedLength() > 0 && i < 3; i++) {
        int page = random.nextInt((int) (block.usedLength() / pageSize));
        byte[] content = new byte[pageSize];
        if (random.nextBoolean()) {
          random.nextBytes(content);
        }
        memory.write(block, (long) page * pageSize, MemorySegment.ofArray(content));
        System.arraycopy(content, 0, model.get(block.index()), page * pageSize, pageSize);
        marked.get(block.index()).set(page);
      }
    }
  }

  /** Writes when a pass begins. */
  public MigrationListener writingAtEachPass() {
    return new MigrationListener() {
      @Override
      public void passBegins(long pass) {
        write();
      }
    };
  }

  /** What each block must hold. */
  public List<byte[]> model() {
    return model;
  }

  /** Pages of each block that were written since the account was settled last. */
  public List<BitSet> marked() {
    return marked;
  }

  /** Forgets which pages were written. */
  public void settle() {
    marked.forEach(BitSet::clear);
  }

  public boolean runs() {
    return runs;
  }

  /** How often it was resumed. */
  public int resumed() {
    return resumed;
  }

  @Override
  public void stop() {
    runs = false;
  }

  @Override
  public DeviceState deviceState() {
    return new OpaqueDevice("pass-guest", 1, MemorySegment.NULL).toDeviceState();
  }

  @Override
  public void resume() {
    runs = true;
    resumed++;
  }
}
