// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory of all descendants of this process, from smaps_rollup of proc(5).
 *
 * @param pss bytes in total, with shared pages counted once
 * @param anonymous the part in bytes that does not belong to files
 */
record GuestMemoryUse(long pss, long anonymous) {

  static GuestMemoryUse ofDescendants() {
    long pss = 0;
    long anonymous = 0;
    for (ProcessHandle process : ProcessHandle.current().descendants().toList()) {
      Path file = Path.of("/proc/" + process.pid() + "/smaps_rollup");
      try {
        for (String line : Files.readAllLines(file)) {
          if (line.startsWith("Pss:")) {
            pss += bytes(line);
          } else if (line.startsWith("Pss_Anon:") || line.startsWith("Pss_Shmem:")) {
            anonymous += bytes(line);
          }
        }
      } catch (IOException e) {
        throw new StorageException("cannot read " + file + ": " + e.getMessage(), e);
      }
    }
    return new GuestMemoryUse(pss, anonymous);
  }

  private static long bytes(String line) {
    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
  }
}
