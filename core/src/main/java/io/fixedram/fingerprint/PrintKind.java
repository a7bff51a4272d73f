// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import java.lang.foreign.MemorySegment;

/**
 * Kinds of fingerprints of pages, and of digests that are made of them. That of a page of zeros is
 * zero in each kind.
 */
public enum PrintKind {
  /** The fast {@link PageFingerprint}, which finds accidental changes. */
  FAST("fixedram-128", PageFingerprint.BYTES) {
    @Override
    public void write(
        MemorySegment from, long offset, int pageBytes, long pages, MemorySegment into) {
      PageFingerprint.write(from, offset, pageBytes, pages, into);
    }
  },

  /** SHA-256, for which nobody can make two pages with the same fingerprint. */
  SHA_256("sha-256", PageDigest.BYTES) {
    @Override
    public void write(
        MemorySegment from, long offset, int pageBytes, long pages, MemorySegment into) {
      PageDigest.write(from, offset, pageBytes, pages, into);
    }
  };

  private final String text;
  private final int bytes;

  PrintKind(String text, int bytes) {
    this.text = text;
    this.bytes = bytes;
  }

  /** Its name in footers. */
  public String text() {
    return text;
  }

  /** Length of a fingerprint in bytes. */
  public int bytes() {
    return bytes;
  }

  /**
   * Writes the fingerprints of adjacent pages, which must not change meanwhile.
   *
   * @param from memory with the pages
   * @param offset offset of the first page in that memory
   * @param pageBytes length of a page, a multiple of {@link PageFingerprint#STEP_BYTES}
   * @param pages number of pages
   * @param into memory for the fingerprints, {@link #bytes()} for each page
   */
  public abstract void write(
      MemorySegment from, long offset, int pageBytes, long pages, MemorySegment into);
}
