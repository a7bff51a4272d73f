// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

/**
 * Constants of the Linux kernel's interface, each with the header it is defined in. Numbers are
 * those of x86-64; those of system calls, O_DIRECT and O_DIRECTORY differ on arm64.
 */
final class Linux {
  // asm/unistd_64.h
  static final int SYS_OPEN = 2;
  static final int SYS_CLOSE = 3;
  static final int SYS_POLL = 7;
  static final int SYS_LSEEK = 8;
  static final int SYS_MMAP = 9;
  static final int SYS_MUNMAP = 11;
  static final int SYS_IOCTL = 16;
  static final int SYS_PREAD64 = 17;
  static final int SYS_PWRITE64 = 18;
  static final int SYS_MADVISE = 28;
  static final int SYS_SOCKET = 41;
  static final int SYS_CONNECT = 42;
  static final int SYS_SENDTO = 44;
  static final int SYS_RECVFROM = 45;
  static final int SYS_SENDMSG = 46;
  static final int SYS_SHUTDOWN = 48;
  static final int SYS_SOCKETPAIR = 53;
  static final int SYS_SETSOCKOPT = 54;
  static final int SYS_GETSOCKOPT = 55;
  static final int SYS_FCNTL = 72;
  static final int SYS_FLOCK = 73;
  static final int SYS_FSYNC = 74;
  static final int SYS_FTRUNCATE = 77;
  static final int SYS_RENAME = 82;
  static final int SYS_RMDIR = 84;
  static final int SYS_UNLINK = 87;
  static final int SYS_FSTATFS = 138;
  static final int SYS_CLOCK_GETTIME = 228;
  static final int SYS_SYNC_FILE_RANGE = 277;
  static final int SYS_FALLOCATE = 285;
  static final int SYS_PROCESS_VM_READV = 310;
  static final int SYS_PROCESS_VM_WRITEV = 311;
  static final int SYS_MEMFD_CREATE = 319;
  static final int SYS_STATX = 332;
  static final int SYS_PIDFD_OPEN = 434;

  // asm-generic/fcntl.h
  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_EXCL = 0x80;
  static final int O_NONBLOCK = 0x800;
  static final int O_DIRECT = 0x4000;
  static final int O_DIRECTORY = 0x10000;
  static final int O_NOFOLLOW = 0x20000;
  static final int O_CLOEXEC = 0x80000;
  static final int O_PATH = 0x200000;

  // linux/falloc.h
  static final int FALLOC_FL_KEEP_SIZE = 1;
  static final int FALLOC_FL_PUNCH_HOLE = 2;

  // linux/fs.h
  static final int SYNC_FILE_RANGE_WAIT_BEFORE = 1;
  static final int SYNC_FILE_RANGE_WRITE = 2;
  static final int SYNC_FILE_RANGE_WAIT_AFTER = 4;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;

  // asm-generic/fcntl.h
  static final int LOCK_SH = 1;
  static final int LOCK_EX = 2;
  static final int LOCK_NB = 4;
  static final int LOCK_UN = 8;

  // linux/fcntl.h
  static final int AT_EMPTY_PATH = 0x1000;

  // linux/stat.h
  static final int STATX_BASIC_STATS = 0x7ff;
  static final int STATX_DIOALIGN = 0x2000;
  static final long STATX_ATTR_APPEND = 0x20;
  static final long STATX_ATTR_MOUNT_ROOT = 0x2000;
  static final int STATX_BYTES = 256;
  static final long STATX_MASK_AT = 0;
  static final long STATX_ATTRIBUTES_AT = 8;
  static final long STATX_INODE_AT = 32;
  static final long STATX_SIZE_AT = 40;
  static final long STATX_BLOCKS_AT = 48;
  static final long STATX_MODE_AT = 28;
  static final long STATX_MODIFIED_SECONDS_AT = 112;
  static final long STATX_MODIFIED_NANOSECONDS_AT = 120;
  static final long STATX_DEVICE_MAJOR_AT = 136;
  static final long STATX_DEVICE_MINOR_AT = 140;
  static final long STATX_DIO_MEMORY_ALIGN_AT = 152;
  static final long STATX_DIO_OFFSET_ALIGN_AT = 156;

  // asm-generic/statfs.h, linux/magic.h
  static final int STATFS_BYTES = 120;
  static final long STATFS_TYPE_AT = 0;
  static final long STATFS_BLOCK_BYTES_AT = 8;
  static final long STATFS_BLOCKS_AT = 16;
  static final long STATFS_FREE_BLOCKS_AT = 24;
  static final long TMPFS_MAGIC = 0x0102_1994;
  static final long RAMFS_MAGIC = 0x8584_58f6L;
  static final long EXT_MAGIC = 0xef53;
  static final long XFS_MAGIC = 0x5846_5342;
  static final long FAT_MAGIC = 0x4d44;
  static final long EXFAT_MAGIC = 0x2011_bab0;

  // linux/socket.h, linux/net.h, asm-generic/socket.h
  static final int AF_UNIX = 1;
  static final int SOCK_STREAM = 1;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOL_SOCKET = 1;
  static final int SO_SNDBUF = 7;
  static final int SO_PEERCRED = 17;
  static final int SCM_RIGHTS = 1;
  static final int MSG_NOSIGNAL = 0x4000;
  static final int SHUT_RDWR = 2;

  // asm-generic/fcntl.h
  static final int F_SETFL = 4;
  static final int F_OFD_GETLK = 36;
  static final int F_OFD_SETLK = 37;
  static final short F_RDLCK = 0;
  static final short F_WRLCK = 1;
  static final short F_UNLCK = 2;

  // asm-generic/fcntl.h: struct flock
  static final int FLOCK_BYTES = 32;
  static final long FLOCK_START_AT = 8;
  static final long FLOCK_LENGTH_AT = 16;

  // asm-generic/poll.h: struct pollfd
  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLFD_BYTES = 8;
  static final long POLLFD_EVENTS_AT = 4;

  // linux/memfd.h
  static final int MFD_CLOEXEC = 1;

  // asm-generic/mman-common.h, linux/mman.h
  static final int PROT_READ = 1;
  static final int PROT_WRITE = 2;
  static final int PROT_EXEC = 4;
  static final int MAP_PRIVATE = 2;
  static final int MAP_ANONYMOUS = 0x20;
  static final int MAP_NORESERVE = 0x4000;
  static final int MADV_HUGEPAGE = 14;
  static final int MADV_POPULATE_WRITE = 23;

  // linux/time.h: clock_gettime(2) and struct timespec
  static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  static final int TIMESPEC_BYTES = 16;
  static final long TIMESPEC_NANOSECONDS_AT = 8;

  // asm-generic/ioctls.h; asm-generic/termbits.h: struct termios of the kernel
  static final int TCGETS = 0x5401;
  static final int TCSETS = 0x5402;
  static final int TERMIOS_BYTES = 36;

  // linux/un.h: struct sockaddr_un
  static final int SOCKADDR_UN_BYTES = 110;
  static final long SUN_PATH_AT = 2;
  static final int SUN_PATH_BYTES = 108;

  // linux/socket.h: struct ucred
  static final int UCRED_BYTES = 12;
  static final long UCRED_PID_AT = 0;

  // bits/socket.h of the C library, 64 bit: struct msghdr, iovec, cmsghdr with one int
  static final int MSGHDR_BYTES = 56;
  static final long MSG_IOV_AT = 16;
  static final long MSG_IOVLEN_AT = 24;
  static final long MSG_CONTROL_AT = 32;
  static final long MSG_CONTROLLEN_AT = 40;
  static final int IOVEC_BYTES = 16;
  static final long IOV_LEN_AT = 8;
  static final int CMSG_SPACE_OF_INT = 24;
  static final long CMSG_LEN_OF_INT = 20;
  static final long CMSG_LEVEL_AT = 8;
  static final long CMSG_TYPE_AT = 12;
  static final long CMSG_DATA_AT = 16;

  private Linux() {}
}
