// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

/**
 * What is known of the file system that a file is on, from fstatfs(2).
 *
 * @param kind how it uses its space
 * @param freeBytes free space, with what only some users may take; not what quotas allow
 */
public record FileSystem(Kind kind, long freeBytes) {
  /** How a file system uses its space. */
  public enum Kind {
    /** It has holes, and content takes at least its own length: ext2 to ext4, XFS, tmpfs. */
    SPARSE,
    /** FAT: no holes, and files of less than 4 GiB. */
    FAT,
    /** Without holes: exFAT. */
    DENSE,
    /** Another one, which may compress content, or share it between files. */
    OTHER
  }

  /** Number of bytes below which a file of FAT must stay, whose sizes have 32 bits. */
  public static final long FAT_LIMIT_BYTES = 1L << 32;

  static FileSystem of(SystemCalls calls, int descriptor) {
    long type = calls.fileSystemType(descriptor);
    Kind kind =
        switch ((int) type) {
          case (int) Linux.EXT_MAGIC, (int) Linux.XFS_MAGIC, (int) Linux.TMPFS_MAGIC -> Kind.SPARSE;
          case (int) Linux.FAT_MAGIC -> Kind.FAT;
          case (int) Linux.EXFAT_MAGIC -> Kind.DENSE;
          default -> Kind.OTHER;
        };
    long free = calls.freeBytes(descriptor);
    return free < 0 ? new FileSystem(Kind.OTHER, Long.MAX_VALUE) : new FileSystem(kind, free);
  }
}
