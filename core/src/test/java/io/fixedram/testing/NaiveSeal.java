// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.RamBlock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The seal of a file, read and computed by what docs/format.md says, with none of the code that
 * seals or checks.
 */
public final class NaiveSeal {
  private static final long[] K = {
    0x6a09e667f3bcc908L,
    0xbb67ae8584caa73bL,
    0x3c6ef372fe94f82bL,
    0xa54ff53a5f1d36f1L,
    0x510e527fade682d1L,
    0x9b05688c2b3e6c1fL,
    0x1f83d9abfb41bd6bL,
    0x5be0cd19137e2179L
  };

  /** Length of the last line: not signed, and signed. */
  private static final int END = 82;

  private static final int SIGNED_END = 179;

  private final RandomAccessFile in;
  private final boolean signed;
  private final String text;
  private final List<String> lines;
  private final long sealOffset;
  private final List<Range> ranges = new ArrayList<>();

  /** What a line says of a part of the file. */
  public record Range(String kind, int block, long offset, long length) {}

  private NaiveSeal(RandomAccessFile in, boolean signed, String text, long sealOffset) {
    this.in = in;
    this.signed = signed;
    this.text = text;
    this.lines = List.of(text.split("\n", -1));
    this.sealOffset = sealOffset;
  }

  /** Whether a file ends with a footer. */
  public static boolean has(RandomAccessFile in) throws IOException {
    return in.length() > SIGNED_END
        && (isSigned(in) || text(in, in.length() - END, END).startsWith("fixedram end 1 "));
  }

  private static boolean isSigned(RandomAccessFile in) throws IOException {
    return in.length() > SIGNED_END
        && text(in, in.length() - SIGNED_END, SIGNED_END).startsWith("fixedram end 2 ");
  }

  /** Reads the footer of a file, which must have one. */
  public static NaiveSeal of(RandomAccessFile in) throws IOException {
    boolean signed = isSigned(in);
    int end = signed ? SIGNED_END : END;
    String last = text(in, in.length() - end, end);
    assertThat(last).startsWith(signed ? "fixedram end 2 " : "fixedram end 1 ").endsWith("\n");
    String[] words = last.strip().split(" ", -1);
    long offset = number(words[3]);
    long length = number(words[4]);
    assertThat(offset + length).as("end of the seal").isEqualTo(in.length() - end);
    byte[] seal = bytes(in, offset, length);
    assertThat(words[5]).isEqualTo(digest(seal, signed));
    NaiveSeal found =
        new NaiveSeal(in, signed, new String(seal, StandardCharsets.US_ASCII), offset);
    found.readLines();
    return found;
  }

  private void readLines() {
    for (String line : lines) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("part")) {
        ranges.add(range(words[1], words[2], words[3], words[4]));
      } else if (words[0].equals("block")) {
        ranges.add(range("pages", words[1], words[2], words[3]));
        if (!words[4].startsWith("-")) {
          ranges.add(range("head", words[1], words[4], "0000000000000040"));
        }
      }
    }
  }

  private static Range range(String kind, String block, String offset, String length) {
    int index = block.startsWith("-") ? -1 : (int) number(block);
    return new Range(kind, index, number(offset), number(length));
  }

  /** All that it describes: parts, pages and heads of tables. */
  public List<Range> ranges() {
    return List.copyOf(ranges);
  }

  /** The only range of a kind and block. */
  public Range range(String kind, int block) {
    return ranges.stream()
        .filter(each -> each.kind.equals(kind) && each.block == block)
        .findFirst()
        .orElseThrow();
  }

  /** Whether it has a signature. */
  public boolean signed() {
    return signed;
  }

  /** The lines before the last. */
  public String text() {
    return text;
  }

  /** Where the last line begins. */
  public long endOffset() {
    return sealOffset + text.length();
  }

  /** Length of a fingerprint. */
  public int printBytes() {
    return signed ? 32 : 16;
  }

  /** The last line of a seal. */
  public static String end(long offset, String text, boolean signed) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return "fixedram end %d %016x %016x %s"
        .formatted(signed ? 2 : 1, offset, bytes.length, digest(bytes, signed));
  }

  /** The signature that a seal has. */
  public String signature() throws IOException {
    return text(in, in.length() - 65, 64);
  }

  /** The signature that a seal must have. */
  public static String signature(byte[] secret, UUID id, long offset, String text) {
    byte[] salt =
        ByteBuffer.allocate(16)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .array();
    byte[] info = "fixedram seal 2 signature\1".getBytes(StandardCharsets.US_ASCII);
    byte[] key = hmac(hmac(salt, secret), info);
    String signed = text + end(offset, text, true) + " ";
    return HexFormat.of().formatHex(hmac(key, signed.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static byte[] hmac(byte[] key, byte[] bytes) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(bytes);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** Where it begins. */
  public long offset() {
    return sealOffset;
  }

  /** The save's id. */
  public UUID id() {
    return UUID.fromString(lines.get(1).substring("save ".length()));
  }

  /** Fails unless a file is sealed, and whole, and has the pages of a guest. */
  public static void check(RandomAccessFile in, Guest guest, Map<Long, Long> extents)
      throws IOException {
    NaiveSeal seal = of(in);
    assertThat(seal.lines.getFirst()).isEqualTo("fixedram seal " + (seal.signed ? 2 : 1));
    assertThat(seal.lines.get(2)).matches("writer fixedram.*");
    assertThat(seal.lines.get(3)).isEqualTo(seal.signed ? "prints sha-256" : "prints fixedram-128");
    assertThat(seal.lines.get(4)).isEqualTo("page-size " + number(guest.pageSize()));
    for (String line : seal.lines) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("part")) {
        Range part = range(words[1], words[2], words[3], words[4]);
        assertThat(digest(bytes(in, part.offset, part.length), seal.signed))
            .as(line)
            .isEqualTo(words[5]);
      }
    }
    for (RamBlock block : guest.blocks()) {
      seal.checkTable(block, guest);
    }
    seal.checkRest(extents);
  }

  private void checkTable(RamBlock block, Guest guest) throws IOException {
    Range table = range("table", block.index());
    long pages = block.usedLength() / guest.pageSize();
    int size = printBytes();
    assertThat(table.length).isEqualTo(pages * size);
    byte[] prints = bytes(in, table.offset, table.length);
    byte[] zero = new byte[size];
    for (long page = 0; page < pages; page++) {
      byte[] found = Arrays.copyOfRange(prints, (int) page * size, (int) (page + 1) * size);
      byte[] content = guest.nonZero(block).get(page);
      if (!Arrays.equals(found, content == null ? zero : print(content, signed))) {
        assertThat(found)
            .as("fingerprint of page %d of %s", page, block)
            .isEqualTo(content == null ? zero : print(content, signed));
      }
    }
    Range head = range("head", block.index());
    ByteBuffer wanted =
        ByteBuffer.allocate(64)
            .put(("fixedram table " + (signed ? 2 : 1)).getBytes(StandardCharsets.US_ASCII));
    wanted.putLong(id().getMostSignificantBits()).putLong(id().getLeastSignificantBits());
    wanted.putInt(block.index()).putInt(size).putLong(pages).putLong(table.offset);
    assertThat(bytes(in, head.offset, 64)).isEqualTo(wanted.array());
  }

  /** What no line describes is zeros, and no two lines describe the same. */
  private void checkRest(Map<Long, Long> extents) throws IOException {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.sort((a, b) -> Long.compare(a.offset, b.offset));
    sorted.add(new Range("seal", -1, sealOffset, 0));
    long end = 0;
    for (Range range : sorted) {
      assertThat(range.offset).as("offset of %s", range).isGreaterThanOrEqualTo(end);
      for (Map.Entry<Long, Long> extent : extents.entrySet()) {
        long from = Math.max(end, extent.getKey());
        long to = Math.min(range.offset, extent.getKey() + extent.getValue());
        if (from < to) {
          assertThat(Guest.isZero(bytes(in, from, to - from))).as("before %s", range).isTrue();
        }
      }
      end = range.offset + range.length;
    }
  }

  private static String text(RandomAccessFile in, long offset, int length) throws IOException {
    return new String(bytes(in, offset, length), StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(RandomAccessFile in, long offset, long length) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(length)];
    in.seek(offset);
    in.readFully(bytes);
    return bytes;
  }

  private static long number(String digits) {
    assertThat(digits).hasSize(16);
    return Long.parseLong(digits, 16);
  }

  private static String number(long value) {
    return "%016x".formatted(value);
  }

  /** The digest of a part, in hexadecimal digits. */
  public static String digest(byte[] part) {
    return digest(part, false);
  }

  /** The digest of a part of a file that is signed, or not. */
  public static String digest(byte[] part, boolean signed) {
    int size = signed ? 32 : 16;
    if (part.length == 0) {
      return "0".repeat(2 * size);
    }
    byte[] level = part;
    do {
      int pieces = (level.length + 4095) / 4096;
      byte[] padded = Arrays.copyOf(level, pieces * 4096);
      level = new byte[pieces * size];
      for (int i = 0; i < pieces; i++) {
        byte[] print = print(Arrays.copyOfRange(padded, i * 4096, (i + 1) * 4096), signed);
        System.arraycopy(print, 0, level, i * size, size);
      }
    } while (level.length > size);
    return HexFormat.of().formatHex(level);
  }

  private static byte[] print(byte[] page, boolean signed) {
    if (!signed) {
      return print(page);
    }
    try {
      return Guest.isZero(page) ? new byte[32] : MessageDigest.getInstance("SHA-256").digest(page);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** The fingerprint of a page. */
  public static byte[] print(byte[] page) {
    if (Guest.isZero(page)) {
      return new byte[16];
    }
    long[][] lanes = {{K[0], K[1]}, {K[2], K[3]}, {K[4], K[5]}, {K[6], K[7]}};
    ByteBuffer words = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    for (int pair = 0; words.hasRemaining(); pair++) {
      step(lanes[pair % 4], words.getLong(), words.getLong());
    }
    long[] state = {K[0] ^ page.length, K[7]};
    for (long[] lane : lanes) {
      step(state, lane[0], lane[1]);
    }
    for (int i = 0; i < 3; i++) {
      step(state, K[1], K[2]);
    }
    long low = state[0] == 0 && state[1] == 0 ? 1 : state[1];
    return ByteBuffer.allocate(16)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(low)
        .putLong(state[0])
        .array();
  }

  private static void step(long[] state, long v, long w) {
    long p = state[0] ^ v;
    long q = state[1] ^ w;
    state[0] = Math.unsignedMultiplyHigh(p, q) + Long.rotateLeft(q, 32);
    state[1] = p * q + Long.rotateLeft(p, 32);
  }
}
