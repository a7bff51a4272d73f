// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import io.fixedram.cancel.Cancellation;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A sink that counts the pages it passes on to another sink. Throws a {@link
 * io.fixedram.error.CancelledException} once the transfer is cancelled.
 */
public final class CountingSink implements SaveSink {
  private final SaveSink target;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private final PageSink pages;

  /** Wraps a sink; closing this one closes it. */
  public CountingSink(SaveSink target, TransferCounters counters, Cancellation cancellation) {
    this.target = target;
    this.counters = counters;
    this.cancellation = cancellation;
    this.pages = pages(target, counters, cancellation);
  }

  /**
   * Wraps a sink of pages only. Several such sinks may share the counters at the same time; the
   * caller calls {@link TransferCounters#begin} and {@link TransferCounters#end}.
   */
  public static PageSink pages(
      PageSink target, TransferCounters counters, Cancellation cancellation) {
    return new PageSink() {
      @Override
      public void data(
          RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
        cancellation.throwIfCancelled();
        target.data(block, offset, from, fromOffset, lengthBytes);
        counters.addData(lengthBytes);
      }

      @Override
      public void zero(RamBlock block, long offset, long lengthBytes) {
        cancellation.throwIfCancelled();
        target.zero(block, offset, lengthBytes);
        counters.addZero(lengthBytes);
      }
    };
  }

  @Override
  public void begin(SaveHeader header) {
    cancellation.throwIfCancelled();
    counters.begin(header.blocks().totalBytes());
    target.begin(header);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    pages.data(block, offset, from, fromOffset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    pages.zero(block, offset, lengthBytes);
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return target.readBack();
  }

  @Override
  public void drain() {
    cancellation.throwIfCancelled();
    target.drain();
  }

  @Override
  public void end(DeviceState state) {
    cancellation.throwIfCancelled();
    target.end(state);
    counters.end();
  }

  @Override
  public void close() {
    target.close();
  }
}
