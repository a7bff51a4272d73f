// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveSeal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file with a footer, and checks of its parts. Safe for use by several threads. */
public final class SealedFile {
  private static final int MAX_END_BYTES = 256;
  private static final Pattern END = Pattern.compile(SealText.END + "([1-9][0-9]{0,8}) .*\n");

  private final ByteStore bytes;
  private final Seal seal;
  private final long sealOffset;
  private final SaveSeal.Signature signature;

  /** In a signed file, what everything but pages is read from. */
  private final Optional<CheckedBytes> checked;

  private SealedFile(ByteStore bytes, Seal seal, long sealOffset, SaveSeal.Signature signature) {
    this.bytes = bytes;
    this.seal = seal;
    this.sealOffset = sealOffset;
    this.signature = signature;
    this.checked = seal.signed() ? Optional.of(new CheckedBytes(bytes, seal)) : Optional.empty();
  }

  /** The words of the last line. */
  private record End(
      PrintKind prints,
      long at,
      long offset,
      long lengthBytes,
      String digest,
      Optional<String> signature) {
    /** The line that has these words; a reader accepts no other form. */
    String line() {
      return SealText.end(prints, offset, lengthBytes, digest)
          + signature.map(" "::concat).orElse("")
          + "\n";
    }
  }

  /**
   * Reads the footer of a file; empty if the file does not end with one.
   *
   * @param key the file must be signed with it; empty if it need not be signed
   * @throws UntrustedSaveException if a key is given, and the file is not signed with it
   * @throws DamagedSaveException if the footer is damaged
   * @throws UnsupportedSaveException if a newer version of this program wrote it
   */
  public static Optional<SealedFile> open(ByteStore bytes, Optional<SigningKey> key) {
    Optional<End> end = end(bytes);
    if (key.isPresent() && end.filter(each -> each.signature().isPresent()).isEmpty()) {
      throw new UntrustedSaveException(
          bytes.name()
              + " is not signed, or has lost its end: only a save that is signed with the given key"
              + " is accepted",
          Remedy.DO_WITHOUT_KEY);
    }
    return end.map(each -> read(bytes, each, key));
  }

  private static Optional<End> end(ByteStore bytes) {
    long size = bytes.sizeBytes();
    int length = (int) Math.min(MAX_END_BYTES, size);
    String tail = new String(bytes.readFully(size - length, length), StandardCharsets.ISO_8859_1);
    String last = tail.substring(tail.lastIndexOf('\n', tail.length() - 2) + 1);
    if (!last.startsWith(SealText.END) || !last.endsWith("\n")) {
      return Optional.empty();
    }
    long at = size - last.length();
    Matcher matcher = END.matcher(last);
    if (!matcher.matches()) {
      throw damagedEnd(bytes, at, "its last line is not as it was written");
    }
    int version = Integer.parseInt(matcher.group(1));
    if (version > SealText.SIGNED_VERSION) {
      throw new UnsupportedSaveException(
          bytes.name()
              + " has a footer of version "
              + version
              + ", of a newer fixedram; only versions "
              + SealText.VERSION
              + " and "
              + SealText.SIGNED_VERSION
              + " are known");
    }
    PrintKind prints = SealText.prints(version);
    boolean signed = version == SealText.SIGNED_VERSION;
    String[] words = last.substring(0, last.length() - 1).split(" ", -1);
    try {
      End end =
          new End(
              prints,
              at,
              SealText.parseNumber(words[3]),
              SealText.parseNumber(words[4]),
              words[5],
              signed ? Optional.of(words[6]) : Optional.empty());
      boolean digests =
          SealText.isDigest(prints, end.digest())
              && end.signature().stream().allMatch(each -> SealText.isDigest(prints, each));
      if (digests && last.equals(end.line())) {
        return Optional.of(end);
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      // Reported below.
    }
    throw damagedEnd(bytes, at, "its last line is not as it was written");
  }

  private static SealedFile read(ByteStore bytes, End end, Optional<SigningKey> key) {
    long offset = end.offset();
    long length = end.lengthBytes();
    if (length > SealText.MAX_SEAL_BYTES || offset != end.at() - length) {
      throw damagedEnd(
          bytes,
          end.at(),
          "its last line says that the lines before it begin at offset "
              + offset
              + " and have "
              + length
              + " bytes, which is not so: it is of another save, or bytes before it are missing");
    }
    // Read once, so that what is checked is what is interpreted.
    byte[] text = bytes.readFully(offset, (int) length);
    if (!PartDigest.of(end.prints(), text).equals(end.digest())) {
      throw new DamagedSaveException(bytes.name(), DamagedRange.of("footer", offset, length));
    }
    try {
      key.ifPresent(with -> requireSigned(bytes, end, text, with));
      return new SealedFile(
          bytes, SealParser.parse(text, end.prints(), offset), offset, signature(end, key));
    } catch (IllegalArgumentException e) {
      throw damagedEnd(bytes, offset, String.valueOf(e.getMessage()));
    }
  }

  private static SaveSeal.Signature signature(End end, Optional<SigningKey> key) {
    if (end.signature().isEmpty()) {
      return SaveSeal.Signature.NONE;
    }
    return key.isPresent() ? SaveSeal.Signature.CHECKED : SaveSeal.Signature.NOT_CHECKED;
  }

  /** Nothing of the lines but the id is interpreted before. */
  private static void requireSigned(ByteStore bytes, End end, byte[] text, SigningKey key) {
    byte[] signed =
        SealText.toSign(
            text, SealText.end(end.prints(), end.offset(), end.lengthBytes(), end.digest()));
    byte[] signature = HexFormat.of().parseHex(end.signature().orElseThrow());
    if (!key.hasSigned(SealText.idOf(text), signed, signature)) {
      throw new UntrustedSaveException(
          bytes.name()
              + " is not signed with the given key: another key signed it, or it was changed since");
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

  /** The seal as it is shown. */
  public SaveSeal saveSeal() {
    return new SaveSeal(seal.id(), seal.writer(), signature);
  }

  /**
   * What the save is read from. In a signed file, everything but pages is what was signed, also if
   * somebody writes to the file meanwhile.
   */
  public ByteStore bytes() {
    return checked.<ByteStore>map(each -> each).orElse(bytes);
  }

  /**
   * Whether a part is as it was written.
   *
   * @throws CancelledException if cancelled
   */
  public boolean isWhole(SealedPart part, Cancellation cancellation) {
    return PartDigest.of(
            seal.prints(),
            PartDigest.Input.of(bytes),
            part.offset(),
            part.lengthBytes(),
            cancellation)
        .equals(part.digest());
  }

  /**
   * Checks a part.
   *
   * @throws DamagedSaveException if it is not as it was written
   */
  public void check(SealedPart part) {
    if (checked.isPresent()) {
      checked.get().check(part);
    } else if (!isWhole(part, new Cancellation())) {
      throw new DamagedSaveException(bytes.name(), seal.range(part));
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

  /**
   * Checks everything that is needed to read the header: table heads and entries.
   *
   * @throws DamagedSaveException if a part is damaged or of another save
   */
  public void checkHeads() {
    checkHeads(block -> true);
  }

  /** Checks what {@link #checkHeads()} does, but accepts table heads that are only damaged. */
  public void checkHeadsOfThisSave() {
    checkHeads(this::hasHeadOfAnother);
  }

  private void checkHeads(Predicate<SealedBlock> heeded) {
    for (SealedBlock block : seal.blocks()) {
      damagedHead(block)
          .filter(_ -> heeded.test(block))
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
    byte[] wanted =
        TableHead.of(seal.id(), seal.prints(), block.index(), seal.pages(block), table.offset());
    byte[] found = bytes.readFully(block.headOffset().getAsLong(), TablePlace.HEAD_BYTES);
    boolean later = table.offset() >= seal.devices().offset();
    if (Arrays.equals(found, wanted) || (later && isZero(found))) {
      return Optional.empty();
    }
    return Optional.of(
        hasHeadOfAnother(block)
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

  private boolean hasHeadOfAnother(SealedBlock block) {
    long offset = block.headOffset().orElseThrow();
    return TableHead.isAt(bytes, offset)
        && !TableHead.saveOf(bytes.readFully(offset, TablePlace.HEAD_BYTES)).equals(seal.id());
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
    byte[] all = bytes().readFully(part.get().offset(), (int) part.get().lengthBytes());
    String text = new String(all, StandardCharsets.UTF_8);
    int start = text.indexOf('\n') + 1;
    if (!text.startsWith(SealText.MANIFEST) || start == 0 || !text.endsWith("\n")) {
      throw damagedEnd(bytes, part.get().offset(), "its manifest has another form");
    }
    return Optional.of(text.substring(start, Math.max(start, text.length() - 1)));
  }

  /** The check of a block's pages, in a signed file by a table that is as it was signed. */
  public PrintCheck prints(SealedBlock block) {
    return new PrintCheck(bytes(), this, block);
  }

  /** The comparison of a block's pages with a table that may be damaged. */
  public PrintCheck printsAsTheyAre(SealedBlock block) {
    return new PrintCheck(bytes, this, block);
  }
}
