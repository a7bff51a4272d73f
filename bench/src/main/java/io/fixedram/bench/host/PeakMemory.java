// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Peak resident memory of a process (VmHWM of proc(5)), sampled while the process runs, since Linux
 * does not keep it afterwards. Thread-safe.
 */
final class PeakMemory {
  private static final String FIELD = "VmHWM:";

  private final Path status;
  private final AtomicLong maxBytes = new AtomicLong();

  PeakMemory(Process process) {
    this.status = Path.of("/proc/" + process.pid() + "/status");
  }

  /** Takes a sample; does nothing if the process has ended. */
  void look() {
    try {
      String text = Files.readString(status, StandardCharsets.ISO_8859_1);
      int field = text.indexOf(FIELD);
      if (field >= 0) {
        int end = text.indexOf(" kB", field);
        long kibibytes = Long.parseLong(text.substring(field + FIELD.length(), end).strip());
        maxBytes.accumulateAndGet(kibibytes << 10, Math::max);
      }
    } catch (IOException e) {
      // The earlier samples remain valid.
    }
  }

  /** The largest sample in bytes. */
  long bytes() {
    return maxBytes.get();
  }
}
