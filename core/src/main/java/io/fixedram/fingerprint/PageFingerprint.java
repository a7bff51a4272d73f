// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.fixedram.guest.ZeroPages;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A 128-bit fingerprint of a page, defined in docs/format.md. Two different pages have the same
 * fingerprint with a probability of 2<sup>-128</sup>, however similar they are, unless they were
 * constructed for that: it is not a cryptographic hash.
 *
 * <p>Pairs of words go to four lanes in turn. A lane has a state of two words; a pair is XORed with
 * it, the two words are multiplied, and each half of the product plus one of the factors becomes
 * the new state. No information of a pair is lost, even if a factor is zero.
 *
 * <p>Only a page of zeros has the fingerprint 0: another page that would have it gets 1.
 */
public final class PageFingerprint {
  /** Bytes of a fingerprint: the low word, then the high word, little-endian. */
  public static final int BYTES = 16;

  /** The length of pages must be a multiple of this. */
  public static final int STEP_BYTES = 64;

  private static final ValueLayout.OfLong WORD =
      JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  // The first 64 bits of the fractional parts of the square roots of the first eight primes, the
  // initial values of SHA-512.
  private static final long K0 = 0x6a09_e667_f3bc_c908L;
  private static final long K1 = 0xbb67_ae85_84ca_a73bL;
  private static final long K2 = 0x3c6e_f372_fe94_f82bL;
  private static final long K3 = 0xa54f_f53a_5f1d_36f1L;
  private static final long K4 = 0x510e_527f_ade6_82d1L;
  private static final long K5 = 0x9b05_688c_2b3e_6c1fL;
  private static final long K6 = 0x1f83_d9ab_fb41_bd6bL;
  private static final long K7 = 0x5be0_cd19_137e_2179L;

  private static final int HALF_WORD_BITS = 32;

  private static final int LAST_STEPS = 3;

  private PageFingerprint() {}

  /**
   * Writes the fingerprint of a page, which must not change meanwhile.
   *
   * @param from memory with the page
   * @param offset offset of the page in that memory
   * @param pageBytes length of the page, a multiple of {@link #STEP_BYTES}
   * @param into memory for the fingerprint, {@link #BYTES} bytes
   * @param at offset of the fingerprint in that memory
   */
  public static void write(
      MemorySegment from, long offset, int pageBytes, MemorySegment into, long at) {
    if (ZeroPages.isZero(from, offset, pageBytes)) {
      into.set(WORD, at, 0);
      into.set(WORD, at + Long.BYTES, 0);
    } else {
      writeOfData(from, offset, pageBytes, into, at);
    }
  }

  /** The only loop over all bytes of a guest, written out for the JIT compiler. */
  private static void writeOfData(
      MemorySegment from, long offset, int pageBytes, MemorySegment into, long at) {
    long a0 = K0;
    long b0 = K1;
    long a1 = K2;
    long b1 = K3;
    long a2 = K4;
    long b2 = K5;
    long a3 = K6;
    long b3 = K7;
    long end = offset + pageBytes;
    for (long i = offset; i < end; i += STEP_BYTES) {
      long p = a0 ^ from.get(WORD, i);
      long q = b0 ^ from.get(WORD, i + 8);
      a0 = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
      b0 = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
      p = a1 ^ from.get(WORD, i + 16);
      q = b1 ^ from.get(WORD, i + 24);
      a1 = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
      b1 = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
      p = a2 ^ from.get(WORD, i + 32);
      q = b2 ^ from.get(WORD, i + 40);
      a2 = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
      b2 = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
      p = a3 ^ from.get(WORD, i + 48);
      q = b3 ^ from.get(WORD, i + 56);
      a3 = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
      b3 = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    }
    // The lanes are combined one after the other, like pairs in a lane; three more steps spread the
    // bits of the last lane over the whole result.
    long a = K0 ^ pageBytes;
    long b = K7;
    long p = a ^ a0;
    long q = b ^ b0;
    a = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
    b = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    p = a ^ a1;
    q = b ^ b1;
    a = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
    b = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    p = a ^ a2;
    q = b ^ b2;
    a = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
    b = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    p = a ^ a3;
    q = b ^ b3;
    a = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
    b = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    for (int i = 0; i < LAST_STEPS; i++) {
      p = a ^ K1;
      q = b ^ K2;
      a = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, HALF_WORD_BITS);
      b = p * q + Long.rotateLeft(p, HALF_WORD_BITS);
    }
    into.set(WORD, at, (a | b) == 0 ? 1 : b);
    into.set(WORD, at + Long.BYTES, a);
  }
}
