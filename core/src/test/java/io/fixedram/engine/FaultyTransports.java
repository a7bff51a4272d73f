// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.os.SystemCalls;
import io.fixedram.write.DestinationMemory;
import io.fixedram.write.FaultyWriters;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;

/** Transports into files that are written through other system calls than the kernel's own. */
final class FaultyTransports {
  private FaultyTransports() {}

  /** The same as {@link Transport#file}. */
  static Transport file(SystemCalls calls, Path path, WriteOptions options) {
    return new FileTransport(
        path,
        format -> FaultyWriters.create(calls, path, format, DestinationMemory.EMPTY, options));
  }
}
