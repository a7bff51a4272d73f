// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/** Lets several threads use a sink that accepts calls by one thread at a time. */
final class LockedPages implements PageSink {
  private final PageSink target;
  private final ReentrantLock lock = new ReentrantLock();

  LockedPages(PageSink target) {
    this.target = target;
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    lock.lock();
    try {
      target.data(block, offset, from, fromOffset, lengthBytes);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    lock.lock();
    try {
      target.zero(block, offset, lengthBytes);
    } finally {
      lock.unlock();
    }
  }
}
