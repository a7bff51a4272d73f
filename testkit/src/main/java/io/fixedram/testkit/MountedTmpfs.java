// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A small file system in memory, mounted on a directory while a test needs it. */
public record MountedTmpfs(Path path) implements AutoCloseable {

  /** Mounts one; the test is skipped where only root may. */
  public static MountedTmpfs at(Path directory, String options)
      throws IOException, InterruptedException {
    int status =
        new ProcessBuilder(
                "mount", "-t", "tmpfs", "-o", options, "fixedram-test", directory.toString())
            .redirectErrorStream(true)
            .start()
            .waitFor();
    Assumptions.assumeTrue(status == 0, "mounting a tmpfs takes root");
    return new MountedTmpfs(directory);
  }

  @Override
  public void close() throws IOException {
    try {
      int status = new ProcessBuilder("umount", path.toString()).start().waitFor();
      if (status != 0) {
        throw new IOException("cannot unmount " + path);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while unmounting " + path, e);
    }
  }
}
