// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Directories to write into, on as many kinds of file systems as there are here. */
public final class Dirs implements AutoCloseable {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private final List<Path> all = new ArrayList<>();
  private final List<Path> own = new ArrayList<>();

  /** Uses a directory, and one of this object's own in shared memory (tmpfs) if there is such. */
  public Dirs(Path directory) throws IOException {
    all.add(directory);
    if (Files.isDirectory(SHARED_MEMORY) && Files.isWritable(SHARED_MEMORY)) {
      Path made = Files.createTempDirectory(SHARED_MEMORY, "fixedram-test");
      all.add(made);
      own.add(made);
    }
  }

  /** The directories. */
  public List<Path> all() {
    return List.copyOf(all);
  }

  /** Names of the files of a directory. */
  public static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Removes all files of a directory. */
  public static void empty(Path directory) throws IOException {
    for (String name : names(directory)) {
      Files.delete(directory.resolve(name));
    }
  }

  @Override
  public void close() throws IOException {
    for (Path directory : own) {
      empty(directory);
      Files.delete(directory);
    }
  }
}
