// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.layout.SaveFormat;
import io.fixedram.os.SystemCalls;
import java.nio.file.Path;

/** Saves that are written through other system calls than the kernel's own. */
public final class FaultyWriters {
  private FaultyWriters() {}

  /** Prepares to write a file, as {@link SaveWriter#create} does. */
  @SuppressWarnings("exports") // Tests stay within the module.
  public static SaveWriter create(
      SystemCalls calls,
      Path target,
      SaveFormat format,
      DestinationMemory destination,
      WriteOptions options) {
    return SaveWriter.create(calls, target, format, destination, options);
  }
}
