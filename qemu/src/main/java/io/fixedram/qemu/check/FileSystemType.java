// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Type of the file system of a memory backend's file.
 *
 * @param name name of the type in the kernel: {@code ext4}, {@code tmpfs}, {@code hugetlbfs}
 */
public record FileSystemType(String name) {
  /** Types on which userfaultfd reports missing pages. */
  private static final Set<String> OF_MEMORY = Set.of("tmpfs", "hugetlbfs");

  /** The type for an existing file; empty if it can't be determined. */
  public static Optional<FileSystemType> of(Path path) {
    try {
      return Files.exists(path)
          ? Optional.of(new FileSystemType(Files.getFileStore(path).type()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The type for a file that may not exist: that of the nearest existing parent. */
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

  /** Whether the file system keeps its files in memory. */
  public boolean isMemory() {
    return OF_MEMORY.contains(name);
  }
}
