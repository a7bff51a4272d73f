// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.ZeroPages;
import io.fixedram.os.MachineCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;

/** SHA-256 of pages, which is zero for a page of zeros. */
final class PageDigest {
  /** Length of a digest. */
  static final int BYTES = 32;

  private static final String CODE = "sha256.bin";

  private PageDigest() {}

  /** The machine code, loaded when it is first needed. */
  private static final class Code {
    static final Optional<MachineCode> LOADED =
        hasShaExtensions() ? MachineCode.load(code()) : Optional.empty();

    private Code() {}

    private static boolean hasShaExtensions() {
      try (BufferedReader lines = Files.newBufferedReader(Path.of("/proc/cpuinfo"))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith("flags")) {
            return List.of(line.split(" ", -1)).contains("sha_ni");
          }
        }
        return false;
      } catch (IOException e) {
        return false;
      }
    }
  }

  /** The machine code, built from sha256.S. */
  static byte[] code() {
    try (InputStream in = PageDigest.class.getResourceAsStream(CODE)) {
      if (in == null) {
        throw new IllegalStateException(CODE + " is missing from this program");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(CODE + " can't be read from this program", e);
    }
  }

  /** Writes the digests of adjacent pages, as {@link PrintKind#write} specifies. */
  static void write(
      MemorySegment from, long offset, int pageBytes, long pages, MemorySegment into) {
    MemorySegment all = from.asSlice(offset, pages * pageBytes);
    MemorySegment digests = into.asSlice(0, pages * BYTES);
    if (all.isNative() && digests.isNative() && Code.LOADED.isPresent()) {
      Code.LOADED.get().call(pages, pageBytes, all, digests);
    } else {
      writeInJava(all, pageBytes, pages, digests);
    }
  }

  /** The same without machine code. */
  static void writeInJava(MemorySegment from, int pageBytes, long pages, MemorySegment into) {
    MessageDigest digest = sha256();
    byte[] print = new byte[BYTES];
    for (long page = 0; page < pages; page++) {
      MemorySegment to = into.asSlice(page * BYTES, BYTES);
      if (ZeroPages.isZero(from, page * pageBytes, pageBytes)) {
        to.fill((byte) 0);
      } else {
        digest.update(from.asSlice(page * pageBytes, pageBytes).asByteBuffer());
        finish(digest, print);
        to.copyFrom(MemorySegment.ofArray(print));
      }
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void finish(MessageDigest digest, byte[] into) {
    try {
      digest.digest(into, 0, into.length);
    } catch (DigestException e) {
      throw new IllegalStateException("the array has the length of a digest", e);
    }
  }
}
