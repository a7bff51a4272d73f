// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.AtomicDirtyLog;
import io.fixedram.memory.DirtyLog;

/**
 * A log as a hypervisor has one: it hears of writes by itself, but only from {@link #start} to
 * {@link #stop}. The guest writes through a view of the memory that has {@link #writes()} as its
 * log, the engine uses this one.
 */
final class HypervisorLog implements DirtyLog {
  private final AtomicDirtyLog seen;
  private final AtomicDirtyLog putBack;
  private volatile boolean logging;

  HypervisorLog(RamBlocks blocks) {
    seen = new AtomicDirtyLog(blocks);
    putBack = new AtomicDirtyLog(blocks);
  }

  /** What the guest's writes go through. */
  DirtyLog writes() {
    return new DirtyLog() {
      @Override
      public void mark(int block, long page, long count) {
        if (logging) {
          seen.mark(block, page, count);
        }
      }

      @Override
      public long collect(int block, PageBitmap into) {
        throw new UnsupportedOperationException("the guest does not read its log");
      }
    };
  }

  boolean isLogging() {
    return logging;
  }

  @Override
  public void start() {
    logging = true;
  }

  @Override
  public void stop() {
    logging = false;
  }

  @Override
  public void mark(int block, long page, long count) {
    putBack.mark(block, page, count);
  }

  @Override
  public long collect(int block, PageBitmap into) {
    if (!logging) {
      throw new IllegalStateException("collected from a log that was not started");
    }
    return seen.collect(block, into) + putBack.collect(block, into);
  }
}
