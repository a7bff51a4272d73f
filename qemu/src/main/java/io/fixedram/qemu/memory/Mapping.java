// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import java.util.Set;

/**
 * A range of a process's address space (proc(5), maps and smaps).
 *
 * @param start its first address
 * @param end the address after its last
 * @param permissions such as {@code rw-p}
 * @param fileOffset where in its file it begins
 * @param file device and inode of its file as the list gives them, such as {@code 00:01 1034}
 * @param label path of the file, or a name such as {@code [heap]}
 * @param flags VmFlags, two letters each
 */
record Mapping(
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

  /** Whether it is private memory without a file. */
  boolean isAnonymous() {
    return file.equals(NO_FILE) && !isShared();
  }

  /** Whether it is memory of a device, which a read may change. */
  boolean isDevice() {
    return flags.contains("io") || flags.contains("pf");
  }

  /** Whether who reads it may wait for somebody else to bring a page in (userfaultfd(2)). */
  boolean isServedByOthers() {
    return flags.contains("um") || flags.contains("ui");
  }

  boolean contains(long address) {
    return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
  }
}
