// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.io.IOException;

/** A failed system call on a file or socket. */
public final class StorageException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Creates a failure.
   *
   * @param sentence what failed, on which file and offset, and why
   * @param errno the error number of the C library (errno.h), 0 if there is none
   * @param remedies what can be done about it
   */
  public StorageException(String sentence, int errno, Remedy... remedies) {
    super(sentence, remedies);
    this.errno = errno;
  }

  /** Creates a failure reported by Java's I/O, without an error number. */
  public StorageException(String sentence, Throwable cause) {
    super(sentence, cause);
    this.errno = 0;
  }

  /** A failure reported by Java's I/O, with its message or else its type after what failed. */
  public static StorageException of(String what, IOException cause) {
    String reason =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return new StorageException(what + ": " + reason, cause);
  }

  /** The error number of the C library (errno.h), 0 if there is none. */
  public int errno() {
    return errno;
  }
}
