// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/** Processor time of this process. */
public final class CpuTime {
  private CpuTime() {}

  /** Processor time of all threads since the process started, including threads that have ended. */
  public static Duration ofProcess() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(Linux.TIMESPEC_BYTES, Long.BYTES);
      Native.callWith(Linux.SYS_CLOCK_GETTIME, Linux.CLOCK_PROCESS_CPUTIME_ID, time);
      return Duration.ofSeconds(
          time.get(ValueLayout.JAVA_LONG, 0),
          time.get(ValueLayout.JAVA_LONG, Linux.TIMESPEC_NANOSECONDS_AT));
    }
  }
}
