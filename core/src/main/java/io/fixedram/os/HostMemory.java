// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Total and available memory of this host (proc(5), meminfo), the latter within the limits of the
 * control groups of this process.
 *
 * @param totalBytes the host's memory
 * @param availableBytes memory that can be allocated without swapping and without exceeding the
 *     limit of a control group
 */
public record HostMemory(long totalBytes, long availableBytes) {
  private static final Path ROOT = Path.of("/");
  private static final int MAX_FILE_BYTES = 1 << 20;

  /** The current values; a value that the system does not report is 0. */
  public static HostMemory now() {
    return of(ROOT);
  }

  /** The values according to files under another root, for tests. */
  static HostMemory of(Path root) {
    List<String> info = lines(root.resolve("proc/meminfo"));
    long available = kibibytes(info, "MemAvailable:");
    for (String line : lines(root.resolve("proc/self/cgroup"))) {
      available = Math.min(available, room(root, line));
    }
    return new HostMemory(kibibytes(info, "MemTotal:"), available);
  }

  private static long kibibytes(List<String> info, String name) {
    return number(info, name).orElse(0) << 10;
  }

  /** The number after the word at the beginning of a line. */
  private static OptionalLong number(List<String> lines, String name) {
    for (String line : lines) {
      String[] words = line.split("\\s+", -1);
      if (words.length > 1 && words[0].equals(name)) {
        return number(words[1]);
      }
    }
    return OptionalLong.empty();
  }

  private static OptionalLong number(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text.strip()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * Memory that a control group and its ancestors have left. The group is given by a line of
   * /proc/self/cgroup: {@code number:controllers:path}, with no controllers in version 2.
   */
  private static long room(Path root, String line) {
    String[] parts = line.split(":", 3);
    if (parts.length < 3) {
      return Long.MAX_VALUE;
    }
    boolean second = parts[1].isEmpty();
    if (!second && !List.of(parts[1].split(",")).contains("memory")) {
      return Long.MAX_VALUE;
    }
    Path mount = root.resolve(second ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
    Path group = mount.resolve(parts[2].replaceFirst("^/+", "")).normalize();
    long room = Long.MAX_VALUE;
    // In a container, the path may be that on the host, with the container's own group at the
    // mount.
    for (Path each = group; each != null && each.startsWith(mount); each = each.getParent()) {
      room = Math.min(room, room(each, second));
    }
    return Math.min(room, room(mount, second));
  }

  private static long room(Path group, boolean second) {
    OptionalLong max = only(group.resolve(second ? "memory.max" : "memory.limit_in_bytes"));
    OptionalLong used = only(group.resolve(second ? "memory.current" : "memory.usage_in_bytes"));
    if (max.isEmpty() || used.isEmpty()) {
      return Long.MAX_VALUE;
    }
    // Usage includes the page cache, which is reclaimed first.
    long cache = number(lines(group.resolve("memory.stat")), "inactive_file").orElse(0);
    return Math.max(0, max.getAsLong() - Math.max(0, used.getAsLong() - cache));
  }

  /** The number in a file; empty if it has a word instead, such as max. */
  private static OptionalLong only(Path file) {
    Optional<String> line = lines(file).stream().findFirst();
    return line.map(HostMemory::number).orElseGet(OptionalLong::empty);
  }

  private static List<String> lines(Path file) {
    try {
      return SmallFile.text(file, MAX_FILE_BYTES, StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
