// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

/** Error numbers of asm-generic/errno-base.h and errno.h that this project handles or describes. */
public enum Errno {
  /** Not permitted. */
  EPERM(1, "not permitted"),
  /** No such file or directory. */
  ENOENT(2, "no such file or directory"),
  /** No such process. */
  ESRCH(3, "the process is gone"),
  /** Interrupted by a signal; the call is retried. */
  EINTR(4, "interrupted by a signal"),
  /** Input or output error. */
  EIO(5, "the device reported an input/output error"),
  /** Bad descriptor. */
  EBADF(9, "bad file descriptor"),
  /** Not ready now. */
  EAGAIN(11, "not ready"),
  /** Out of memory. */
  ENOMEM(12, "not enough memory"),
  /** Permission denied. */
  EACCES(13, "permission denied"),
  /** Memory that is not mapped, or not with the needed protection. */
  EFAULT(14, "no such memory"),
  /** Busy. */
  EBUSY(16, "it is in use"),
  /** File exists. */
  EEXIST(17, "the file exists"),
  /** Not a directory. */
  ENOTDIR(20, "a part of the path is not a directory"),
  /** Is a directory. */
  EISDIR(21, "it is a directory"),
  /** Invalid argument. */
  EINVAL(22, "invalid argument"),
  /** Too many open files. */
  EMFILE(24, "too many open files"),
  /** File too large. */
  EFBIG(27, "the file would be larger than the file system or the limit allows"),
  /** No space left. */
  ENOSPC(28, "no space left on the device"),
  /** Illegal seek. */
  ESPIPE(29, "it cannot seek"),
  /** Read-only file system. */
  EROFS(30, "the file system is read-only"),
  /** Broken pipe. */
  EPIPE(32, "the other side closed the connection"),
  /** Name too long. */
  ENAMETOOLONG(36, "the name is too long"),
  /** No locks, for example on NFS without a lock service. */
  ENOLCK(37, "no locks are available"),
  /** The kernel or file system has no such call. */
  ENOSYS(38, "not implemented"),
  /** Too many symbolic links. */
  ELOOP(40, "it is a symbolic link, or there are too many"),
  /** Beyond the end of the file's data. */
  ENXIO(6, "no such device or address"),
  /** Not supported. */
  EOPNOTSUPP(95, "not supported by the file system"),
  /** Connection reset. */
  ECONNRESET(104, "the other side reset the connection"),
  /** Connection refused. */
  ECONNREFUSED(111, "nobody listens there"),
  /** Quota exceeded. */
  EDQUOT(122, "the disk quota is used up");

  private final int number;
  private final String text;

  Errno(int number, String text) {
    this.number = number;
    this.text = text;
  }

  /** The positive error number. */
  public int number() {
    return number;
  }

  /** Whether a raw result of a system call is this error. */
  public boolean is(long result) {
    return result == -number;
  }

  /** Text for any error number, positive or negated. */
  public static String text(long result) {
    long wanted = Math.abs(result);
    for (Errno errno : values()) {
      if (errno.number == wanted) {
        return errno.text;
      }
    }
    return "error " + wanted;
  }
}
