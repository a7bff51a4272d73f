// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlocks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/** Parses the lines of a seal, and checks that its values are possible. */
final class SealParser {
  private static final long MAX_BITMAP_REST_BYTES = 64;
  private static final int MAX_PARTS = 16384;
  private static final long MAX_ENTRY_BYTES = 16 << 20;
  private static final long MAX_DEVICES_BYTES = DeviceState.MAX_BYTES + MAX_ENTRY_BYTES;
  private static final int MAX_KIND_CHARS = 16;

  /** More than a line with a name of 255 escaped characters has. */
  private static final int MAX_LINE_CHARS = 1024;

  private final String text;
  private final PrintKind prints;
  private final long sealOffset;
  private int at;

  /** A range of the file that the seal describes. */
  private record Extent(long offset, long end) {}

  private SealParser(byte[] bytes, PrintKind prints, long sealOffset) {
    this.text = new String(bytes, StandardCharsets.ISO_8859_1);
    this.prints = prints;
    this.sealOffset = sealOffset;
  }

  /**
   * Parses the lines of a seal.
   *
   * @param prints kind of its fingerprints and digests
   * @param sealOffset file offset of the seal; what it describes is before it
   * @throws IllegalArgumentException if the text is not a possible seal; its message says what is
   *     not
   */
  static Seal parse(byte[] bytes, PrintKind prints, long sealOffset) {
    return new SealParser(bytes, prints, sealOffset).seal();
  }

  private Seal seal() {
    if (!line().equals(SealText.seal(prints))) {
      throw new IllegalArgumentException("it does not begin with its version");
    }
    UUID id = SealText.parseId(value("save"));
    String writer = value("writer");
    if (!SealText.isWriter(writer)) {
      throw new IllegalArgumentException("its writer has no name");
    }
    if (!value("prints").equals(prints.text())) {
      throw new IllegalArgumentException("its fingerprints are not of the kind " + prints.text());
    }
    long pageSize = SealText.parseNumber(value("page-size"));
    if (Long.bitCount(pageSize) != 1 || pageSize < 1 << 10 || pageSize > 1 << 16) {
      throw new IllegalArgumentException("pages can't have " + pageSize + " bytes");
    }
    List<SealedBlock> blocks = new ArrayList<>();
    while (text.startsWith("block ", at)) {
      blocks.add(block(blocks.size(), pageSize));
    }
    List<SealedPart> parts = new ArrayList<>();
    while (at < text.length()) {
      parts.add(part(blocks.size()));
      if (parts.size() > MAX_PARTS) {
        throw new IllegalArgumentException("it has too many parts");
      }
    }
    Seal seal = new Seal(id, writer, prints, (int) pageSize, blocks, parts);
    checkPlaces(seal);
    checkParts(seal);
    return seal;
  }

  private String line() {
    int end = text.indexOf('\n', at);
    if (end < 0) {
      throw new IllegalArgumentException("its last line has no end");
    }
    if (end - at > MAX_LINE_CHARS) {
      throw new IllegalArgumentException("a line is too long");
    }
    String line = text.substring(at, end);
    at = end + 1;
    return line;
  }

  private String value(String name) {
    String line = line();
    if (!line.startsWith(name + " ")) {
      throw new IllegalArgumentException("it has no line " + name + " in its place");
    }
    return line.substring(name.length() + 1);
  }

  private String[] words(String name, int count) {
    String[] words = value(name).split(" ", -1);
    if (words.length != count) {
      throw new IllegalArgumentException("a line " + name + " has " + words.length + " words");
    }
    return words;
  }

  private SealedBlock block(int index, long pageSize) {
    String[] words = words("block", 5);
    if (index == Seal.MAX_BLOCKS || SealText.parseNumber(words[0]) != index) {
      throw new IllegalArgumentException("block " + index + " is not in its place");
    }
    SealedBlock block =
        new SealedBlock(
            index,
            SealText.parseNumber(words[1]),
            SealText.parseNumber(words[2]),
            words[3].equals(SealText.NONE)
                ? OptionalLong.empty()
                : OptionalLong.of(SealText.parseNumber(words[3])),
            SealText.parseName(words[4]));
    if (block.pagesBytes() > RamBlocks.MAX_BYTES || block.pagesBytes() % pageSize != 0) {
      throw new IllegalArgumentException("block " + index + " can't be so long");
    }
    return block;
  }

  private SealedPart part(int blocks) {
    String[] words = words("part", 5);
    String kind = words[0];
    boolean known =
        !kind.isEmpty()
            && kind.length() <= MAX_KIND_CHARS
            && kind.chars().allMatch(each -> each >= 'a' && each <= 'z');
    long block =
        words[1].equals(SealText.NONE) ? SealedPart.NO_BLOCK : SealText.parseNumber(words[1]);
    if (!known || block >= blocks || !SealText.isDigest(prints, words[4])) {
      throw new IllegalArgumentException("a part is not described as parts are");
    }
    return new SealedPart(
        kind,
        (int) block,
        SealText.parseNumber(words[2]),
        SealText.parseNumber(words[3]),
        words[4]);
  }

  /** Nothing overlaps, and everything is before the seal. */
  private void checkPlaces(Seal seal) {
    List<Extent> extents = new ArrayList<>();
    long last = 0;
    for (SealedPart part : seal.parts()) {
      add(extents, part.offset(), part.lengthBytes());
      if (part.offset() < last) {
        throw new IllegalArgumentException("its parts are not in order");
      }
      last = part.offset();
    }
    for (SealedBlock block : seal.blocks()) {
      add(extents, block.pagesOffset(), block.pagesBytes());
      if (block.headOffset().isPresent()) {
        add(extents, block.headOffset().getAsLong(), TablePlace.HEAD_BYTES);
      }
    }
    extents.sort(Comparator.comparingLong(Extent::offset).thenComparingLong(Extent::end));
    long end = 0;
    for (Extent extent : extents) {
      if (extent.offset() < end) {
        throw new IllegalArgumentException("two parts overlap at offset " + extent.offset());
      }
      end = extent.end();
    }
  }

  private void add(List<Extent> extents, long offset, long lengthBytes) {
    if (offset > sealOffset || lengthBytes > sealOffset - offset) {
      throw new IllegalArgumentException("a part at offset " + offset + " is outside of the file");
    }
    extents.add(new Extent(offset, offset + lengthBytes));
  }

  /** Bitmaps are rounded up to words, with a mark behind them. */
  private static boolean isBitmapOf(Seal seal, SealedPart part) {
    long bytes = (seal.pages(seal.blocks().get(part.block())) + 7) / 8;
    return part.lengthBytes() >= bytes && part.lengthBytes() <= bytes + MAX_BITMAP_REST_BYTES;
  }

  private static void checkParts(Seal seal) {
    Set<String> seen = new HashSet<>();
    for (SealedPart part : seal.parts()) {
      boolean ofBlock = part.block() != SealedPart.NO_BLOCK;
      boolean possible =
          switch (part.kind()) {
            case SealedPart.ENTRY -> ofBlock && part.lengthBytes() <= MAX_ENTRY_BYTES;
            case SealedPart.BITMAP -> ofBlock && isBitmapOf(seal, part);
            case SealedPart.TABLE ->
                ofBlock
                    && part.lengthBytes()
                        == seal.pages(seal.blocks().get(part.block())) * seal.prints().bytes();
            case SealedPart.DEVICES -> !ofBlock && part.lengthBytes() <= MAX_DEVICES_BYTES;
            case SealedPart.MANIFEST ->
                !ofBlock && part.lengthBytes() <= SealText.MAX_MANIFEST_BYTES + 64L;
            default -> true;
          };
      boolean only =
          switch (part.kind()) {
            case SealedPart.ENTRY,
                SealedPart.BITMAP,
                SealedPart.TABLE,
                SealedPart.DEVICES,
                SealedPart.MANIFEST ->
                seen.add(part.kind() + part.block());
            default -> true;
          };
      if (!possible || !only) {
        throw new IllegalArgumentException("its part " + part.kind() + " is not possible");
      }
    }
    boolean all = seen.contains(SealedPart.DEVICES + SealedPart.NO_BLOCK);
    for (SealedBlock block : seal.blocks()) {
      all &=
          seen.contains(SealedPart.ENTRY + block.index())
              && seen.contains(SealedPart.BITMAP + block.index())
              && seen.contains(SealedPart.TABLE + block.index());
    }
    if (!all) {
      throw new IllegalArgumentException("a part is missing");
    }
  }
}
