// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.HolesMark;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlocks;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.Descriptor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Writes the footer of a file whose other parts are all written. Their digests are computed from
 * the file, which everybody else must leave alone meanwhile.
 */
public final class SealWriter {
  private final PartDigest.Input in;
  private final ByteTarget out;
  private final Optional<SigningKey> key;
  private final PrintKind prints;

  /** Place of a block's table, whose head may be missing. */
  public record Table(OptionalLong headOffset, long offset) {}

  /**
   * What a file has besides a footer.
   *
   * @param id id of the save
   * @param blocks the RAM blocks
   * @param places place of each block
   * @param tables table of each block
   * @param devicesEnd file offset after the device state
   * @param others ranges of other bytes that need a digest: offset and length
   * @param end file offset after everything, where the footer begins
   */
  public record Content(
      UUID id,
      RamBlocks blocks,
      List<BlockPlace> places,
      List<Table> tables,
      long devicesEnd,
      List<long[]> others,
      long end) {
    /** Keeps copies of the lists. */
    public Content {
      places = List.copyOf(places);
      tables = List.copyOf(tables);
      others = List.copyOf(others);
    }
  }

  /**
   * Prepares to seal a file.
   *
   * @param key signs the file, whose fingerprints must be of the kind {@link #prints}
   */
  public SealWriter(Descriptor file, Optional<SigningKey> key) {
    this(
        new PartDigest.Input(file::read, file::nextData, file.path().toString()), file::write, key);
  }

  /**
   * Prepares to seal a file that is read and written through something else.
   *
   * @param key signs the file, whose fingerprints must be of the kind {@link #prints}
   */
  public SealWriter(PartDigest.Input in, ByteTarget out, Optional<SigningKey> key) {
    this.in = in;
    this.out = out;
    this.key = key;
    this.prints = prints(key);
  }

  /** The kind of the fingerprints in a file that is signed, or not. */
  public static PrintKind prints(Optional<SigningKey> key) {
    return key.isPresent() ? PrintKind.SHA_256 : PrintKind.FAST;
  }

  /** The name and version of this program as a writer of seals. */
  public static String writer() {
    ModuleDescriptor descriptor = SealWriter.class.getModule().getDescriptor();
    String version = descriptor == null ? "" : descriptor.rawVersion().orElse("");
    String text = "fixedram" + (version.isEmpty() ? "" : " " + version);
    return SealText.isWriter(text) ? text : "fixedram";
  }

  /**
   * Checks the text of a manifest.
   *
   * @throws IllegalArgumentException if the text is too long, or has characters that JSON text has
   *     not
   */
  public static String checkedManifest(String text) {
    int length = text.getBytes(StandardCharsets.UTF_8).length;
    boolean plain = text.chars().allMatch(each -> each >= ' ' || each == '\n' || each == '\t');
    if (text.isEmpty() || length > SealText.MAX_MANIFEST_BYTES || !plain) {
      throw new IllegalArgumentException(
          "a manifest must be JSON text of at most "
              + SealText.MAX_MANIFEST_BYTES
              + " bytes; this has "
              + length);
    }
    return text;
  }

  /**
   * Writes the footer.
   *
   * @param manifest checked text of a manifest
   * @param beforeEnd called before the last line, which makes it a footer, is written
   * @return file offset after the footer
   */
  public long write(Content content, Optional<String> manifest, Runnable beforeEnd) {
    List<SealedBlock> blocks = new ArrayList<>();
    List<SealedPart> parts = new ArrayList<>();
    long previous = 0;
    for (int i = 0; i < content.places().size(); i++) {
      BlockPlace place = content.places().get(i);
      Table table = content.tables().get(i);
      long pages = content.blocks().pages(place.block());
      blocks.add(
          new SealedBlock(
              i,
              place.pagesOffset(),
              place.block().usedLength(),
              table.headOffset(),
              place.block().name()));
      parts.add(part(SealedPart.ENTRY, i, previous, place.bitmapOffset() - previous));
      parts.add(part(SealedPart.BITMAP, i, place.bitmapOffset(), bitmapBytes(place, pages)));
      parts.add(part(SealedPart.TABLE, i, table.offset(), pages * prints.bytes()));
      previous = place.end();
    }
    int none = SealedPart.NO_BLOCK;
    parts.add(part(SealedPart.DEVICES, none, previous, content.devicesEnd() - previous));
    for (long[] other : content.others()) {
      parts.add(part(SealedPart.OTHER, none, other[0], other[1]));
    }
    long end = content.end();
    if (manifest.isPresent()) {
      byte[] text = manifest.get().getBytes(StandardCharsets.UTF_8);
      String head = SealText.MANIFEST + SealText.number(text.length) + "\n";
      long length = head.length() + text.length + 1L;
      long at = write(end, head.getBytes(StandardCharsets.US_ASCII));
      write(write(at, text), new byte[] {'\n'});
      parts.add(part(SealedPart.MANIFEST, none, end, length));
      end += length;
    }
    parts.sort(Comparator.comparingLong(SealedPart::offset));
    byte[] seal =
        SealText.of(
            new Seal(
                content.id(), writer(), prints, content.blocks().targetPageSize(), blocks, parts));
    long last = write(end, seal);
    String digest = digest(end, seal.length);
    beforeEnd.run();
    return write(last, end(content.id(), seal, SealText.end(prints, end, seal.length, digest)));
  }

  /** The last line, with a signature if there is a key. */
  private byte[] end(UUID id, byte[] seal, String end) {
    String signature =
        key.map(with -> " " + HexFormat.of().formatHex(with.sign(id, SealText.toSign(seal, end))))
            .orElse("");
    return (end + signature + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  private String digest(long offset, long lengthBytes) {
    return PartDigest.of(prints, in, offset, lengthBytes, new Cancellation());
  }

  private SealedPart part(String kind, int block, long offset, long lengthBytes) {
    return new SealedPart(kind, block, offset, lengthBytes, digest(offset, lengthBytes));
  }

  /** The length of a bitmap with its mark; a writer on a 32-bit host has shorter ones. */
  private long bitmapBytes(BlockPlace place, long pages) {
    long length = Math.min(place.bitmapBytes(), PageBitmap.fileBytes(pages));
    long mark = place.bitmapOffset() + length;
    boolean marked =
        length == PageBitmap.fileBytes(pages)
            && mark + HolesMark.BYTES <= place.pagesOffset()
            && Arrays.equals(read(mark, HolesMark.BYTES), HolesMark.text());
    return marked ? length + HolesMark.BYTES : length;
  }

  private byte[] read(long position, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length);
      for (long done = 0; done < length; ) {
        long count = in.bytes().read(position + done, memory, done, length - done);
        if (count == 0) {
          throw new DamagedSaveException(
              in.name() + " is incomplete: it ends at offset " + position);
        }
        done += count;
      }
      return memory.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private long write(long position, byte[] content) {
    try (Arena arena = Arena.ofConfined()) {
      out.write(position, arena.allocateFrom(ValueLayout.JAVA_BYTE, content), 0, content.length);
    }
    return position + content.length;
  }
}
