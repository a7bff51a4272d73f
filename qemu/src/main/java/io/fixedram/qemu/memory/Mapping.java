// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import java.util.Set;

/**
 * A range of a process's address space (proc(5), maps and smaps).
 *
 * @param start first address
 * @param end address after the last
 * @param permissions permissions, such as {@code rw-p}
 * @param fileOffset offset of the mapping in its file
 * @param file device and inode of the file as listed, such as {@code 00:01 1034}
 * @param label path of the file, or a name such as {@code [heap]}
 * @param flags VmFlags, two letters each
 */
public record Mapping(
    long start,
    long end,
    String permissions,
    long fileOffset,
    String file,
    String label,
    Set<String> flags) {
  private static final String NO_FILE = "00:00 0";

  boolean isReadable() {
    return permissions.charAt(0) == 'r';
  }

  boolean isWritable() {
    return permissions.charAt(1) == 'w';
  }

  boolean isShared() {
    return permissions.charAt(3) == 's';
  }

  /** Whether the mapping is private memory without a file. */
  boolean isAnonymous() {
    return file.equals(NO_FILE) && !isShared();
  }

  /** Whether the mapping is memory of a device, for which reads may have side effects. */
  boolean isDevice() {
    return flags.contains("io") || flags.contains("pf");
  }

  /** Whether reads may wait for another process to provide a page (userfaultfd(2)). */
  boolean isServedByOthers() {
    return flags.contains("um") || flags.contains("ui");
  }

  boolean contains(long address) {
    return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
  }
}
