// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.os.Descriptor;
import io.fixedram.os.SystemCalls;
import java.nio.file.Path;

/** Files that are read through other system calls than the kernel's own. */
public final class FaultyFiles {
  private FaultyFiles() {}

  /** Opens a file, as {@link LocalFile#open} does. */
  @SuppressWarnings("exports") // Tests stay within the module.
  public static LocalFile open(SystemCalls calls, Path path) {
    return LocalFile.of(Descriptor.open(calls, path, Descriptor.Mode.READ));
  }
}
