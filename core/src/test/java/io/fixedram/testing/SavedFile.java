// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads a fixed-offset file field by field, with none of the code that reads saves, and compares
 * all that is in it with what a naive guest says must be.
 */
public final class SavedFile {
  /** Space of a file system that is more than the file's own blocks: indirect blocks, rounding. */
  private static final long SLACK_BYTES = 1 << 16;

  private final RandomAccessFile in;
  private final Guest guest;
  private final SaveFormat format;
  private final long alignment;

  /** Length of a fingerprint, if there are any. */
  private final int printBytes;

  private final List<Place> places = new ArrayList<>();

  /** Where a block stands. */
  private record Place(RamBlock block, long bitmapOffset, long bitmapBytes, long pagesOffset) {
    /** Where a sealed file has its table of fingerprints. */
    long tableOffset() {
      return ((bitmapOffset + bitmapBytes + 16 + 63) / 64 * 64 + 64 + 4095) / 4096 * 4096;
    }
  }

  private SavedFile(RandomAccessFile in, Guest guest, SaveFormat format, long alignment)
      throws IOException {
    this.in = in;
    this.guest = guest;
    this.format = format;
    this.alignment = Math.max(alignment, guest.pageSize());
    this.printBytes = sealed() ? NaiveSeal.of(in).printBytes() : 0;
    in.seek(0);
  }

  /** Fails unless a file that fixedram wrote with an alignment is exactly that guest. */
  public static void check(Path path, Guest guest, SaveFormat format, long alignment)
      throws IOException {
    check(path, guest, format, alignment, true);
  }

  /** The same of a file system that may have no holes. */
  public static void check(Path path, Guest guest, SaveFormat format, long alignment, boolean holes)
      throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r");
        Descriptor descriptor = Descriptor.open(path, Descriptor.Mode.READ)) {
      SavedFile file = new SavedFile(in, guest, format, alignment);
      file.checkHead();
      for (RamBlock block : guest.blocks()) {
        file.checkEntry(block);
      }
      file.checkRest();
      NavigableMap<Long, Long> extents = extents(descriptor, in.length());
      if (file.sealed()) {
        NaiveSeal.check(in, guest, extents);
      }
      for (Place place : file.places) {
        file.checkBitmap(place);
        file.checkPages(place, extents, holes);
      }
      file.checkSize();
      if (holes) {
        file.checkAllocated(descriptor.status().allocatedBytes());
      }
    }
  }

  /** Positions and lengths of what is not a hole. */
  private static NavigableMap<Long, Long> extents(Descriptor descriptor, long size) {
    NavigableMap<Long, Long> extents = new TreeMap<>();
    OptionalLong data = descriptor.nextData(0);
    while (data.isPresent()) {
      long hole = descriptor.nextHole(data.getAsLong()).orElse(size);
      extents.put(data.getAsLong(), hole - data.getAsLong());
      data = hole < size ? descriptor.nextData(hole) : OptionalLong.empty();
    }
    return extents;
  }

  private String text(int length) throws IOException {
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private String name() throws IOException {
    return text(in.readUnsignedByte());
  }

  private void checkHead() throws IOException {
    Configuration configuration = guest.header().configuration();
    List<String> capabilities = new ArrayList<>(configuration.capabilities());
    capabilities.add(format.text());
    assertThat(text(4)).isEqualTo("QEVM");
    assertThat(in.readInt()).isEqualTo(3);
    assertThat(in.readByte()).isEqualTo((byte) 7);
    assertThat(text(in.readInt())).isEqualTo(configuration.machine());
    if (configuration.targetPageBits().isPresent()) {
      checkSubsection("configuration/target-page-bits");
      assertThat(in.readInt()).isEqualTo(configuration.targetPageBits().getAsInt());
    }
    checkSubsection("configuration/capabilities");
    assertThat(in.readInt()).isEqualTo(capabilities.size());
    for (String capability : capabilities) {
      assertThat(name()).isEqualTo(capability);
    }
    if (configuration.uuid().isPresent()) {
      checkSubsection("configuration/uuid");
      assertThat(in.readLong()).isEqualTo(configuration.uuid().get().getMostSignificantBits());
      assertThat(in.readLong()).isEqualTo(configuration.uuid().get().getLeastSignificantBits());
    }
    assertThat(in.readByte()).isEqualTo((byte) 1);
    assertThat(in.readInt()).isEqualTo(guest.header().ramSectionId());
    assertThat(name()).isEqualTo("ram");
    assertThat(in.readInt()).isZero();
    assertThat(in.readInt()).isEqualTo(4);
    assertThat(in.readLong()).isEqualTo(guest.header().blocks().totalBytes() | 4);
  }

  private void checkSubsection(String name) throws IOException {
    assertThat(in.readByte()).isEqualTo((byte) 5);
    assertThat(name()).isEqualTo(name);
    assertThat(in.readInt()).isEqualTo(1);
  }

  private void checkEntry(RamBlock block) throws IOException {
    assertThat(name()).isEqualTo(block.name());
    assertThat(in.readLong()).isEqualTo(block.usedLength());
    if (block.pageSize().isPresent()) {
      assertThat(in.readLong()).isEqualTo(block.pageSize().getAsLong());
    }
    if (block.guestAddress().isPresent()) {
      assertThat(in.readLong()).isEqualTo(block.guestAddress().getAsLong());
    }
    long bitmapBytes = (block.usedLength() / guest.pageSize() + 63) / 64 * 8;
    long bitmapOffset = in.getFilePointer() + 12;
    if (format == SaveFormat.FIXED_RAM) {
      assertThat(Integer.toUnsignedLong(in.readInt())).isEqualTo(bitmapBytes);
    } else {
      assertThat(in.readInt()).isEqualTo(1);
      assertThat(in.readLong()).isEqualTo(guest.pageSize());
      bitmapOffset = in.readLong();
      assertThat(bitmapOffset).isEqualTo(in.getFilePointer() + 8);
    }
    long pagesOffset = in.readLong();
    assertThat(in.getFilePointer()).isEqualTo(bitmapOffset);
    assertThat(pagesOffset % alignment).as("alignment of %s", block).isZero();
    Place place = new Place(block, bitmapOffset, bitmapBytes, pagesOffset);
    long before =
        sealed()
            ? place.tableOffset() + printBytes * (block.usedLength() / guest.pageSize())
            : bitmapOffset + bitmapBytes;
    assertThat(pagesOffset - before).isBetween(0L, alignment - 1);
    places.add(place);
    in.seek(pagesOffset + block.usedLength());
  }

  private void checkRest() throws IOException {
    int id = guest.header().ramSectionId();
    Bytes rest = new Bytes().eos().footer(id).end(id);
    if (format == SaveFormat.MAPPED_RAM) {
      rest.eos();
    }
    rest.footer(id).raw(tail());
    byte[] found = new byte[rest.size()];
    in.readFully(found);
    assertThat(found).isEqualTo(rest.toArray());
    if (sealed()) {
      long end = in.getFilePointer();
      assertThat(NaiveSeal.of(in).offset()).as("offset of the seal").isEqualTo(end);
    } else {
      assertThat(in.read()).as("bytes after the device state").isEqualTo(-1);
    }
  }

  /** All but those that follow the proposal byte for byte. */
  private boolean sealed() {
    return alignment >= 1 << 20;
  }

  private byte[] tail() {
    return guest.tail().described(guest.header().configuration(), format.text()).toBytes();
  }

  private void checkBitmap(Place place) throws IOException {
    NavigableMap<Long, byte[]> nonZero = guest.nonZero(place.block);
    long pages = place.block.usedLength() / guest.pageSize();
    boolean main = RandomGuests.isMain(place.block.name());
    in.seek(place.bitmapOffset);
    byte[] bitmap = new byte[Math.toIntExact(place.bitmapBytes)];
    in.readFully(bitmap);
    if (alignment >= 1 << 20) {
      assertThat(text(16)).isEqualTo("fixedram holes 1");
    }
    for (long page = 0; page < place.bitmapBytes * 8; page++) {
      boolean set = (bitmap[(int) (page / 8)] >> (page % 8) & 1) != 0;
      boolean wanted = page < pages && (!main || nonZero.containsKey(page));
      if (set != wanted) {
        assertThat(set).as("bit %d of %s", page, place.block).isEqualTo(wanted);
      }
    }
  }

  /** Every byte of what is not a hole, and no page in a hole that is not zero. */
  private void checkPages(Place place, NavigableMap<Long, Long> extents, boolean holes)
      throws IOException {
    int pageSize = guest.pageSize();
    RamBlock block = place.block;
    long dataBytes = 0;
    long filled = 0;
    Set<Long> compared = new TreeSet<>();
    for (long at = place.pagesOffset; at < place.pagesOffset + block.usedLength(); ) {
      var extent = extents.floorEntry(at);
      if (extent == null || extent.getKey() + extent.getValue() <= at) {
        Long next = extents.higherKey(at);
        at = next == null ? Long.MAX_VALUE : next;
        continue;
      }
      long end =
          Math.min(extent.getKey() + extent.getValue(), place.pagesOffset + block.usedLength());
      long page = (at - place.pagesOffset) / pageSize;
      byte[] found = new byte[pageSize];
      in.seek(place.pagesOffset + page * pageSize);
      in.readFully(found);
      assertThat(found).as("page %d of %s", page, block).isEqualTo(guest.page(block, page));
      if (guest.nonZero(block).containsKey(page)) {
        compared.add(page);
      } else if (holes && pageSize % 4096 == 0) {
        assertThat(isSmallGap(block, page))
            .as("zero page %d of %s is no hole", page, block)
            .isTrue();
        filled++;
      }
      long pageEnd = place.pagesOffset + (page + 1) * pageSize;
      dataBytes += Math.min(end, pageEnd) - at;
      at = Math.min(end, pageEnd);
    }
    assertThat(compared).as("pages of %s", block).isEqualTo(guest.nonZero(block).keySet());
    if (holes && pageSize % 4096 == 0) {
      long content = (long) guest.nonZero(block).size() * pageSize;
      assertThat(dataBytes)
          .as("bytes of %s that are no hole", block)
          .isBetween(content, content + filled * pageSize);
    }
  }

  private long bitmapBytes() {
    return places.stream().mapToLong(Place::bitmapBytes).sum();
  }

  private void checkSize() throws IOException {
    long padding =
        places.size() * (alignment + 1024 + (sealed() ? 8192 : 0)) + (sealed() ? 1536 : 0);
    long tables = guest.header().blocks().totalBytes() / guest.pageSize() * printBytes;
    assertThat(in.length())
        .isLessThanOrEqualTo(
            guest.header().blocks().totalBytes()
                + bitmapBytes()
                + tables
                + padding
                + tail().length
                + 512);
  }

  /** Bytes of the tables that are no holes: 4 KiB for 256 or 128 pages with any content. */
  private long tableBytes() {
    return sealed()
        ? places.stream()
            .mapToLong(place ->
                4096
                    + guest.nonZero(place.block).keySet().stream()
                            .map(page -> page * printBytes / 4096)
                            .distinct()
                            .count()
                        * 4096)
            .sum()
        : 0;
  }

  private void checkAllocated(long allocatedBytes) {
    if (guest.pageSize() % 4096 == 0) {
      long metadata = places.size() * 2L * 4096 + bitmapBytes() + tail().length + tableBytes();
      assertThat(allocatedBytes)
          .as("allocated")
          .isLessThanOrEqualTo(
              (guest.nonZeroPages() + smallGaps()) * guest.pageSize() + metadata + SLACK_BYTES);
    }
  }

  /** Whether a zero page is alone between two pages with content of the same MiB. */
  private boolean isSmallGap(RamBlock block, long page) {
    NavigableMap<Long, byte[]> nonZero = guest.nonZero(block);
    long inPiece = page % ((1 << 20) / guest.pageSize());
    return guest.pageSize() == 4096
        && inPiece > 0
        && inPiece < 255
        && !nonZero.containsKey(page)
        && nonZero.containsKey(page - 1)
        && nonZero.containsKey(page + 1);
  }

  private long smallGaps() {
    return guest.blocks().stream()
        .mapToLong(block ->
            guest.nonZero(block).keySet().stream()
                .filter(page -> isSmallGap(block, page + 1))
                .count())
        .sum();
  }
}
