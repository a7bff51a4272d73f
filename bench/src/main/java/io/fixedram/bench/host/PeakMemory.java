// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The most memory of a process that was resident, as proc(5) has it (VmHWM). Linux forgets it when
 * the process ends, so that somebody has to look before. Safe for use by several threads.
 */
final class PeakMemory {
  private static final String FIELD = "VmHWM:";

  private final Path status;
  private final AtomicLong most = new AtomicLong();

  PeakMemory(Process process) {
    this.status = Path.of("/proc/" + process.pid() + "/status");
  }

  /** Looks once; a process that is gone, or going, changes nothing. */
  void look() {
    try {
      String text = Files.readString(status, StandardCharsets.ISO_8859_1);
      int field = text.indexOf(FIELD);
      if (field >= 0) {
        int end = text.indexOf(" kB", field);
        long kibibytes = Long.parseLong(text.substring(field + FIELD.length(), end).strip());
        most.accumulateAndGet(kibibytes << 10, Math::max);
      }
    } catch (IOException e) {
      // What was seen before holds.
    }
  }

  /** The most that was seen, in bytes. */
  long bytes() {
    return most.get();
  }
}
