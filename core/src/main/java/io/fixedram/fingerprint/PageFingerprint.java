// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.fixedram.guest.ZeroPages;
import io.fixedram.os.MachineCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

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

  private static final String CODE = "fingerprints.bin";

  private PageFingerprint() {}

  /** The machine code, loaded when it is first needed. */
  private static final class Code {
    static final Optional<MachineCode> LOADED = MachineCode.load(code());

    private Code() {}
  }

  /** The machine code that computes fingerprints, built from fingerprints.S. */
  static byte[] code() {
    try (InputStream in = PageFingerprint.class.getResourceAsStream(CODE)) {
      if (in == null) {
        throw new IllegalStateException(CODE + " is missing from this program");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(CODE + " can't be read from this program", e);
    }
  }

  /**
   * Writes the fingerprints of adjacent pages, which must not change meanwhile. Pages in native
   * memory are computed by machine code where the host permits it, others in Java, which is as fast
   * only when the second JIT compiler has compiled it.
   *
   * @param from memory with the pages
   * @param offset offset of the first page in that memory
   * @param pageBytes length of a page, a multiple of {@link #STEP_BYTES}
   * @param pages number of pages
   * @param into memory for the fingerprints, {@link #BYTES} bytes for each page
   */
  public static void write(
      MemorySegment from, long offset, int pageBytes, long pages, MemorySegment into) {
    MemorySegment all = from.asSlice(offset, pages * pageBytes);
    MemorySegment prints = into.asSlice(0, pages * BYTES);
    if (all.isNative() && prints.isNative() && Code.LOADED.isPresent()) {
      Code.LOADED.get().call(pages, pageBytes, all, prints);
      return;
    }
    for (long page = 0; page < pages; page++) {
      write(all, page * pageBytes, pageBytes, prints, page * BYTES);
    }
  }

  /** Writes the fingerprint of one page, in Java. */
  static void write(MemorySegment from, long offset, int pageBytes, MemorySegment into, long at) {
    if (ZeroPages.isZero(from, offset, pageBytes)) {
      into.set(WORD, at, 0);
      into.set(WORD, at + Long.BYTES, 0);
    } else {
      writeOfData(from, offset, pageBytes, into, at);
    }
  }

  /** The loop over all bytes of a page, written out for the JIT compiler. */
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
