// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.BlockPlace;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file with a footer, and checks of its parts. Safe for use by several threads. */
public final class SealedFile {
  private static final int MAX_END_BYTES = 256;
  private static final Pattern END = Pattern.compile(SealText.END + "([1-9][0-9]{0,8}) .*\n");

  private final ByteStore bytes;
  private final Seal seal;
  private final long sealOffset;

  private SealedFile(ByteStore bytes, Seal seal, long sealOffset) {
    this.bytes = bytes;
    this.seal = seal;
    this.sealOffset = sealOffset;
  }

  /**
   * Reads the footer of a file; empty if the file does not end with one.
   *
   * @throws DamagedSaveException if the footer is damaged
   * @throws UnsupportedSaveException if a newer version of this program wrote it
   */
  public static Optional<SealedFile> open(ByteStore bytes) {
    long size = bytes.sizeBytes();
    int length = (int) Math.min(MAX_END_BYTES, size);
    String tail = new String(bytes.readFully(size - length, length), StandardCharsets.ISO_8859_1);
    String last = tail.substring(tail.lastIndexOf('\n', tail.length() - 2) + 1);
    if (!last.startsWith(SealText.END) || !last.endsWith("\n")) {
      return Optional.empty();
    }
    long endOffset = size - last.length();
    Matcher end = END.matcher(last);
    if (!end.matches()) {
      throw damagedEnd(bytes, endOffset, "its last line is not as it was written");
    }
    if (Integer.parseInt(end.group(1)) != SealText.VERSION) {
      throw new UnsupportedSaveException(
          bytes.name()
              + " has a footer of version "
              + end.group(1)
              + ", of a newer fixedram; only version "
              + SealText.VERSION
              + " is known");
    }
    return Optional.of(read(bytes, last, endOffset));
  }

  private static SealedFile read(ByteStore bytes, String last, long endOffset) {
    String[] words = last.substring(0, last.length() - 1).split(" ", -1);
    long offset;
    long length;
    try {
      offset = SealText.parseNumber(words[3]);
      length = SealText.parseNumber(words[4]);
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw damagedEnd(bytes, endOffset, "its last line is not as it was written");
    }
    if (words.length != 6 || !last.equals(SealText.end(offset, length, words[5]))) {
      throw damagedEnd(bytes, endOffset, "its last line is not as it was written");
    }
    if (length > SealText.MAX_SEAL_BYTES || offset != endOffset - length) {
      throw damagedEnd(
          bytes,
          endOffset,
          "its last line says that the lines before it begin at offset "
              + offset
              + " and have "
              + length
              + " bytes, which is not so: it is of another save, or bytes before it are missing");
    }
    if (!PartDigest.of(bytes, bytes.name(), offset, length).equals(words[5])) {
      throw new DamagedSaveException(bytes.name(), DamagedRange.of("footer", offset, length));
    }
    try {
      Seal seal = SealParser.parse(bytes.readFully(offset, (int) length), offset);
      return new SealedFile(bytes, seal, offset);
    } catch (IllegalArgumentException e) {
      throw damagedEnd(bytes, offset, String.valueOf(e.getMessage()));
    }
  }

  private static DamagedSaveException damagedEnd(ByteStore bytes, long offset, String why) {
    return new DamagedSaveException(
        bytes.name() + " is damaged: its footer at offset " + offset + " is not valid: " + why);
  }

  /**
   * The failure of a file that has table heads but no footer.
   *
   * @param block a block whose table head was found
   */
  public static DamagedSaveException withoutFooter(ByteStore bytes, RamBlock block) {
    return new DamagedSaveException(
        bytes.name()
            + " is incomplete: RAM block "
            + block
            + " has fingerprints, but the footer at the end of the file is missing or damaged"
            + " (offset "
            + bytes.sizeBytes()
            + "), so that nothing can be checked; take another copy of the file");
  }

  /** What the footer says. */
  public Seal seal() {
    return seal;
  }

  /** File offset of the seal, behind everything that it describes. */
  public long sealOffset() {
    return sealOffset;
  }

  /** Whether a part is as it was written. */
  public boolean isWhole(SealedPart part) {
    return PartDigest.of(bytes, bytes.name(), part.offset(), part.lengthBytes())
        .equals(part.digest());
  }

  /**
   * Checks a part.
   *
   * @throws DamagedSaveException if it is not as it was written
   */
  public void check(SealedPart part) {
    if (!isWhole(part)) {
      throw new DamagedSaveException(bytes.name(), range(part));
    }
  }

  /**
   * Checks the bitmap of a block.
   *
   * @throws DamagedSaveException if it is not as it was written
   */
  public void checkBitmap(RamBlock block) {
    check(seal.get(SealedPart.BITMAP, block.index()));
  }

  /** The damage of a part. */
  public DamagedRange range(SealedPart part) {
    String what =
        switch (part.kind()) {
          case SealedPart.ENTRY -> "the header";
          case SealedPart.BITMAP -> "the bitmap";
          case SealedPart.TABLE -> "the table of fingerprints";
          case SealedPart.DEVICES -> "the device state";
          case SealedPart.MANIFEST -> "the manifest";
          default -> "the part " + part.kind();
        };
    return part.block() == SealedPart.NO_BLOCK
        ? DamagedRange.of(what, part.offset(), part.lengthBytes())
        : DamagedRange.ofBlock(
            what, seal.blocks().get(part.block()).name(), part.offset(), part.lengthBytes());
  }

  /**
   * Checks everything that is needed to read the header: table heads and entries.
   *
   * @throws DamagedSaveException if a part is damaged or of another save
   */
  public void checkHeads() {
    for (SealedBlock block : seal.blocks()) {
      damagedHead(block)
          .ifPresent(why -> {
            throw new DamagedSaveException(
                bytes.name()
                    + " is damaged: "
                    + why
                    + " (offset "
                    + block.headOffset().orElse(0)
                    + " of the file)");
          });
      check(seal.get(SealedPart.ENTRY, block.index()));
    }
  }

  /** What is wrong with the head of a block's table; empty if nothing is. */
  public Optional<String> damagedHead(SealedBlock block) {
    if (block.headOffset().isEmpty()) {
      return Optional.empty();
    }
    SealedPart table = seal.get(SealedPart.TABLE, block.index());
    byte[] wanted = TableHead.of(seal.id(), block.index(), seal.pages(block), table.offset());
    byte[] found = bytes.readFully(block.headOffset().getAsLong(), TablePlace.HEAD_BYTES);
    boolean later = table.offset() >= seal.devices().offset();
    if (Arrays.equals(found, wanted) || (later && isZero(found))) {
      return Optional.empty();
    }
    boolean other =
        TableHead.isAt(bytes, block.headOffset().getAsLong())
            && !TableHead.saveOf(found).equals(seal.id());
    return Optional.of(
        other
            ? "its footer is of save "
                + seal.id()
                + ", but RAM block "
                + block.name()
                + " is of save "
                + TableHead.saveOf(found)
            : "the head of the table of fingerprints of RAM block "
                + block.name()
                + " is not as it was written");
  }

  private static boolean isZero(byte[] bytes) {
    return Arrays.equals(bytes, new byte[bytes.length]);
  }

  /**
   * Checks that the footer describes the file that the header describes.
   *
   * @param start file offset of the save's first byte
   * @throws DamagedSaveException if it describes another one
   */
  public void checkFits(RamBlocks blocks, List<BlockPlace> places, long start) {
    boolean fits =
        seal.pageSize() == blocks.targetPageSize() && seal.blocks().size() == places.size();
    for (int i = 0; fits && i < places.size(); i++) {
      BlockPlace place = places.get(i);
      SealedBlock block = seal.blocks().get(i);
      SealedPart bitmap = seal.get(SealedPart.BITMAP, i);
      SealedPart entry = seal.get(SealedPart.ENTRY, i);
      fits =
          block.name().equals(place.block().name())
              && block.pagesOffset() == place.pagesOffset()
              && block.pagesBytes() == place.block().usedLength()
              && bitmap.offset() == place.bitmapOffset()
              && entry.end() == place.bitmapOffset()
              && entry.offset() == (i == 0 ? start : places.get(i - 1).end());
    }
    long end = places.isEmpty() ? start : places.getLast().end();
    if (!fits || seal.devices().offset() != end) {
      throw new DamagedSaveException(
          bytes.name()
              + " is damaged: its footer at offset "
              + sealOffset
              + " describes other RAM blocks than its header");
    }
  }

  /**
   * The manifest's text; empty if the save has none.
   *
   * @throws DamagedSaveException if it is not as it was written
   */
  public Optional<String> manifest() {
    Optional<SealedPart> part = seal.find(SealedPart.MANIFEST, SealedPart.NO_BLOCK);
    if (part.isEmpty()) {
      return Optional.empty();
    }
    check(part.get());
    byte[] all = bytes.readFully(part.get().offset(), (int) part.get().lengthBytes());
    String text = new String(all, StandardCharsets.UTF_8);
    int start = text.indexOf('\n') + 1;
    if (!text.startsWith(SealText.MANIFEST) || start == 0 || !text.endsWith("\n")) {
      throw damagedEnd(bytes, part.get().offset(), "its manifest has another form");
    }
    return Optional.of(text.substring(start, Math.max(start, text.length() - 1)));
  }

  /** The check of a block's pages. */
  public PrintCheck prints(SealedBlock block) {
    return new PrintCheck(bytes, this, block);
  }
}
