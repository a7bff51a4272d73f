// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * The file system that a memory backend's file is on.
 *
 * @param name as the kernel lists it: {@code ext4}, {@code tmpfs}, {@code hugetlbfs}
 */
public record FileSystemType(String name) {
  /** Those whose missing pages userfaultfd tells of. */
  private static final Set<String> OF_MEMORY = Set.of("tmpfs", "hugetlbfs");

  /** That of an existing file; empty if it can't be found out here. */
  public static Optional<FileSystemType> of(Path path) {
    try {
      return Files.exists(path)
          ? Optional.of(new FileSystemType(Files.getFileStore(path).type()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** That which a file has or would have: of the nearest directory that is there. */
  public static Optional<FileSystemType> ofNearest(Path path) {
    for (Path each = path.toAbsolutePath(); each != null; each = each.getParent()) {
      if (Files.exists(each)) {
        return of(each);
      }
    }
    return Optional.empty();
  }

  public boolean hasHugePages() {
    return name.equals("hugetlbfs");
  }

  /** Whether it keeps its files in memory. */
  public boolean isMemory() {
    return OF_MEMORY.contains(name);
  }
}
