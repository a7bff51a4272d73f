// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.seal.PartDigest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Makes the digests in the footer of a changed file fit again, as far as it has a footer. */
final class Resealing {
  private static final String SEAL = "fixedram seal ";
  private static final int MAX_SEAL_BYTES = 1 << 16;
  private static final int MAX_PART_BYTES = 1 << 20;

  private Resealing() {}

  /**
   * Writes the last line anew, for the last seal that is found.
   *
   * @param parts whether the digests of the parts are written anew too
   */
  static void digests(Path path, boolean parts) {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        LocalFile bytes = LocalFile.open(path)) {
      int length = (int) Math.min(file.length(), MAX_SEAL_BYTES);
      byte[] end = new byte[length];
      file.seek(file.length() - length);
      file.readFully(end);
      String text = new String(end, StandardCharsets.ISO_8859_1);
      int from = text.lastIndexOf(SEAL);
      int last = text.lastIndexOf("\nfixedram end ") + 1;
      if (from < 0 || last <= from) {
        return;
      }
      long offset = file.length() - length + from;
      boolean signed = text.startsWith(SEAL + "2\n", from);
      PrintKind kind = signed ? PrintKind.SHA_256 : PrintKind.FAST;
      StringBuilder seal = new StringBuilder();
      for (String line : text.substring(from, last - 1).split("\n", -1)) {
        seal.append(parts ? part(kind, bytes, line) : line).append('\n');
      }
      byte[] lines = seal.toString().getBytes(StandardCharsets.ISO_8859_1);
      file.seek(offset);
      file.write(lines);
      file.setLength(offset + lines.length);
      String digest = digest(kind, bytes, offset, lines.length);
      file.seek(offset + lines.length);
      // Without a key, any signature will do.
      file.writeBytes(
          "fixedram end %d %016x %016x %s%s\n"
              .formatted(
                  signed ? 2 : 1,
                  offset,
                  lines.length,
                  digest,
                  signed ? " " + "0".repeat(64) : ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(PrintKind kind, LocalFile bytes, long offset, long length) {
    return PartDigest.of(kind, PartDigest.Input.of(bytes), offset, length, new Cancellation());
  }

  private static String part(PrintKind kind, LocalFile bytes, String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 6 || !words[0].equals("part")) {
      return line;
    }
    try {
      long offset = Long.parseLong(words[3], 16);
      long length = Long.parseLong(words[4], 16);
      if (offset < 0
          || length < 0
          || length > MAX_PART_BYTES
          || offset > bytes.sizeBytes() - length) {
        return line;
      }
      words[5] = digest(kind, bytes, offset, length);
      return String.join(" ", words);
    } catch (NumberFormatException e) {
      return line;
    }
  }
}
