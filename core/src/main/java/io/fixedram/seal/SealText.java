// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.fingerprint.PrintKind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;

/** The lines of a footer. Names are strings of bytes, one char each (ISO 8859-1). */
final class SealText {
  /** Version of a footer without a signature. */
  static final int VERSION = 1;

  /** Version of a signed footer. */
  static final int SIGNED_VERSION = 2;

  private static final String FIRST_WORD = "fixedram";

  /** First words of the last line. */
  static final String END = "fixedram end ";

  static final String MANIFEST = "fixedram manifest 1 ";

  /** First word of the second line. */
  private static final String SAVE = "save";

  /** Stands for no block and for no table head. */
  static final String NONE = "-".repeat(16);

  static final int MAX_SEAL_BYTES = 5 << 20;
  static final int MAX_MANIFEST_BYTES = 2 << 20;
  static final int MAX_WRITER_CHARS = 64;

  private static final HexFormat HEX = HexFormat.of();

  private SealText() {}

  /** A number as 16 digits. */
  static String number(long value) {
    return HEX.toHexDigits(value);
  }

  /** The version of a footer with fingerprints of a kind. */
  static int version(PrintKind prints) {
    return prints == PrintKind.SHA_256 ? SIGNED_VERSION : VERSION;
  }

  /** The kind of the fingerprints in a footer of a version. */
  static PrintKind prints(int version) {
    return version == SIGNED_VERSION ? PrintKind.SHA_256 : PrintKind.FAST;
  }

  /** First line of a seal, whose first word is that of all lines that begin something. */
  static String seal(PrintKind prints) {
    return FIRST_WORD + " seal " + version(prints);
  }

  /** The text that the last line points to. */
  static byte[] of(Seal seal) {
    StringBuilder text = new StringBuilder(1 << 12);
    line(text, seal(seal.prints()));
    line(text, SAVE, seal.id().toString());
    line(text, "writer", seal.writer());
    line(text, "prints", seal.prints().text());
    line(text, "page-size", number(seal.pageSize()));
    for (SealedBlock block : seal.blocks()) {
      line(
          text,
          "block",
          number(block.index()),
          number(block.pagesOffset()),
          number(block.pagesBytes()),
          block.headOffset().isPresent() ? number(block.headOffset().getAsLong()) : NONE,
          escaped(block.name()));
    }
    for (SealedPart part : seal.parts()) {
      line(
          text,
          "part",
          part.kind(),
          part.block() == SealedPart.NO_BLOCK ? NONE : number(part.block()),
          number(part.offset()),
          number(part.lengthBytes()),
          part.digest());
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static void line(StringBuilder text, String... words) {
    text.append(String.join(" ", words)).append('\n');
  }

  /** The last line, without a signature and the newline. */
  static String end(PrintKind prints, long offset, long lengthBytes, String digest) {
    return END + version(prints) + " " + number(offset) + " " + number(lengthBytes) + " " + digest;
  }

  /** What a signature signs: the lines before the last, and the last up to the signature. */
  static byte[] toSign(byte[] text, String end) {
    byte[] last = (end + " ").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(text, text.length + last.length);
    System.arraycopy(last, 0, all, text.length, last.length);
    return all;
  }

  /**
   * The id in the second line of a signed seal, of which nothing else is interpreted.
   *
   * @throws IllegalArgumentException if it is not there
   */
  static UUID idOf(byte[] text) {
    String begin = seal(PrintKind.SHA_256) + "\n" + SAVE + " ";
    int end = begin.length() + 36;
    if (text.length <= end
        || text[end] != '\n'
        || !begin.equals(new String(text, 0, begin.length(), StandardCharsets.ISO_8859_1))) {
      throw new IllegalArgumentException("it has no id");
    }
    return parseId(
        new String(text, begin.length(), end - begin.length(), StandardCharsets.ISO_8859_1));
  }

  /** A name without characters that a line can't have. */
  static String escaped(String name) {
    StringBuilder text = new StringBuilder(name.length());
    for (int at = 0; at < name.length(); at++) {
      char each = name.charAt(at);
      if (isPlain(each)) {
        text.append(each);
      } else {
        text.append('%').append(HEX.toHexDigits((byte) each));
      }
    }
    return text.toString();
  }

  private static boolean isPlain(char each) {
    return (each >= 'a' && each <= 'z')
        || (each >= 'A' && each <= 'Z')
        || (each >= '0' && each <= '9')
        || "/._-".indexOf(each) >= 0;
  }

  /**
   * The number of 16 digits.
   *
   * @throws IllegalArgumentException if they are not, or the number is negative
   */
  static long parseNumber(String digits) {
    if (digits.length() != 16) {
      throw new IllegalArgumentException("not a number: " + digits);
    }
    long value = HexFormat.fromHexDigitsToLong(digits);
    if (value < 0 || !number(value).equals(digits)) {
      throw new IllegalArgumentException("not a number: " + digits);
    }
    return value;
  }

  /**
   * The name that was escaped.
   *
   * @throws IllegalArgumentException if the text is not in the form that {@link #escaped} gives
   */
  static String parseName(String text) {
    StringBuilder name = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); at++) {
      char each = text.charAt(at);
      if (each == '%' && at + 2 < text.length()) {
        name.append((char) HexFormat.fromHexDigits(text, at + 1, at + 3));
        at += 2;
      } else {
        name.append(each);
      }
    }
    if (name.isEmpty() || name.length() > 255 || !escaped(name.toString()).equals(text)) {
      throw new IllegalArgumentException("not a name: " + text);
    }
    return name.toString();
  }

  /**
   * The id of a save in its usual form.
   *
   * @throws IllegalArgumentException if the text has another form
   */
  static UUID parseId(String text) {
    UUID id = UUID.fromString(text);
    if (!id.toString().equals(text)) {
      throw new IllegalArgumentException("not an id: " + text);
    }
    return id;
  }

  /** Whether a text can be the name of a writer. */
  static boolean isWriter(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_WRITER_CHARS
        && text.chars().allMatch(each -> each >= ' ' && each <= '~');
  }

  /** Whether a text is a digest. */
  static boolean isDigest(PrintKind prints, String text) {
    return text.length() == PartDigest.digits(prints)
        && text.chars()
            .allMatch(each -> (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f'));
  }
}
