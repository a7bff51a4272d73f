// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.memory.DirtyLog;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationStatus;
import java.lang.foreign.MemorySegment;

/**
 * Counts everything that the engine calls on its way, in the engine's thread, and does something at
 * one of these steps.
 */
final class Steps {
  private final int stepOfAction;
  private final Runnable action;
  private int step;
  private String nameOfAction = "none";

  /** Does something at the n-th step, the first is 1. */
  Steps(int stepOfAction, Runnable action) {
    this.stepOfAction = stepOfAction;
    this.action = action;
  }

  private void step(String name) {
    step++;
    if (step == stepOfAction) {
      nameOfAction = name;
      action.run();
    }
  }

  /** Whether there were that many steps. */
  boolean isActionDone() {
    return step >= stepOfAction;
  }

  /** The step at which something was done. */
  String nameOfAction() {
    return nameOfAction;
  }

  /** A log whose calls are steps, but for marking, which is not the engine's to do. */
  DirtyLog log(DirtyLog log) {
    return new DirtyLog() {
      @Override
      public void start() {
        step("log.start");
        log.start();
      }

      @Override
      public void stop() {
        log.stop();
        step("log.stop");
      }

      @Override
      public void mark(int block, long page, long count) {
        log.mark(block, page, count);
      }

      @Override
      public long collect(int block, PageBitmap into) {
        step("log.collect before");
        PageBitmap marks = new PageBitmap(into.pages());
        long moved = log.collect(block, marks);
        long half = into.pages() / 2;
        marks.forEachRun(0, half, into::set);
        try {
          step("log.collect half");
        } catch (Throwable e) {
          marks.forEachRun(half, into.pages(), (page, count) -> log.mark(block, page, count));
          throw e;
        }
        marks.forEachRun(half, into.pages(), into::set);
        step("log.collect after");
        return moved;
      }
    };
  }

  /** A guest whose calls are steps, but for resuming it. */
  GuestControl guest(GuestControl guest) {
    return new GuestControl() {
      @Override
      public void stop() {
        step("guest.stop before");
        guest.stop();
        step("guest.stop after");
      }

      @Override
      public DeviceState deviceState() {
        step("guest.deviceState");
        return guest.deviceState();
      }

      @Override
      public void saved() {
        step("guest.saved before");
        guest.saved();
        step("guest.saved after");
      }

      @Override
      public void resume() {
        guest.resume();
      }
    };
  }

  /** A sink whose calls are steps, but for closing it. */
  SaveSink sink(SaveSink sink) {
    return new SaveSink() {
      @Override
      public void begin(SaveHeader header) {
        step("sink.begin");
        sink.begin(header);
      }

      @Override
      public void data(
          RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
        step("sink.data");
        sink.data(block, offset, from, fromOffset, lengthBytes);
      }

      @Override
      public void zero(RamBlock block, long offset, long lengthBytes) {
        step("sink.zero");
        sink.zero(block, offset, lengthBytes);
      }

      @Override
      public void drain() {
        step("sink.drain");
        sink.drain();
      }

      @Override
      public void end(DeviceState state) {
        step("sink.end before");
        sink.end(state);
        step("sink.end after");
      }

      @Override
      public void close() {
        sink.close();
      }
    };
  }

  /** Hears of passes as steps. */
  MigrationListener listener() {
    return new MigrationListener() {
      @Override
      public void statusChanged(MigrationStatus status) {
        if (!status.isFinal() && status != MigrationStatus.CANCELLING) {
          step("status " + status.text());
        }
      }

      @Override
      public void passBegins(long pass) {
        step("pass");
      }
    };
  }
}
