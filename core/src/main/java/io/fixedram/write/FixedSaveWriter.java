// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.FixedLayout;
import io.fixedram.fixed.HolesMark;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.MainMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.seal.SaveIds;
import io.fixedram.seal.Seal;
import io.fixedram.seal.SealWriter;
import io.fixedram.seal.TableHead;
import io.fixedram.wire.ConfigurationDescription;
import io.fixedram.wire.ConfigurationSection;
import io.fixedram.wire.MemSizeList;
import io.fixedram.wire.RamSection;
import io.fixedram.wire.StreamFormat;
import io.fixedram.wire.StreamOutput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Writes a fixed-offset file:
 *
 * <pre>
 *   configuration, with the layout's capability
 *   SECTION_START of "ram": the list of blocks, each entry with its fields, bitmap and pages; EOS
 *   FOOTER
 *   SECTION_PART of "ram": EOS, or nothing in fixed-ram; FOOTER: only for DestinationMemory.EMPTY
 *   SECTION_END of "ram": EOS, or nothing in fixed-ram
 *   FOOTER
 *   device state
 *   footer, see {@link SealWriter}
 * </pre>
 *
 * <p>Everything except the bitmaps, the pages, their fingerprints, the device state and the footer
 * is written when the save begins, since every offset is known then.
 */
final class FixedSaveWriter implements SaveSink {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int BITMAP_PIECE_BYTES = 1 << 16;

  private final Descriptor descriptor;
  private final FixedLayout layout;
  private final DestinationMemory destination;
  private final DirectMode direct;
  private final StreamOutput out;
  private final List<BlockPlace> places = new ArrayList<>();
  private final List<TablePlace> tables = new ArrayList<>();
  private final boolean wantsSeal;
  private final Optional<SigningKey> key;
  private final UUID id = SaveIds.random();
  private Optional<Pages> pages = Optional.empty();
  private long tailOffset;
  private long endOffset;
  private long pageBytes;

  /** Objects that exist once the blocks are known. */
  private record Pages(SaveHeader header, PageFile file, PageWriter writer)
      implements AutoCloseable {
    @Override
    public void close() {
      writer.close();
      file.close();
    }
  }

  /** Prepares to write to an empty file, which the caller closes. */
  FixedSaveWriter(
      Descriptor descriptor,
      FixedLayout layout,
      DestinationMemory destination,
      WriteOptions options) {
    this.descriptor = descriptor;
    this.layout = layout;
    this.destination = destination;
    this.direct = options.direct();
    this.wantsSeal = options.sealed() && HolesMark.room(layout.alignmentBytes()) > 0;
    this.key = options.key();
    if (key.isPresent() && !wantsSeal) {
      throw notSigned(descriptor, "a signature needs an alignment of 1 MiB at least");
    }
    this.out = new StreamOutput(descriptor::write, BUFFER_BYTES);
  }

  /** The failure of a save that is to be signed and can't be. */
  static UnsupportedSaveException notSigned(Descriptor descriptor, String why) {
    return new UnsupportedSaveException(descriptor.path() + " can't be signed: " + why);
  }

  /** Bytes of pages that the file holds as data; final once the save has ended. */
  long pageBytes() {
    return pageBytes;
  }

  /**
   * Bytes written so far; repeated pages count again. Not to be called while pages are being
   * written.
   */
  long writtenBytes() {
    return out.writtenBytes() + pages().file().writtenBytes();
  }

  /** Reason why pages go through the page cache; empty if direct writes are used. */
  Optional<String> whyCached() {
    return pages().file().whyCached();
  }

  private Pages pages() {
    return pages.orElseThrow(() -> new IllegalStateException("pages before begin"));
  }

  @Override
  public void begin(SaveHeader header) {
    int pageSize = header.blocks().targetPageSize();
    int section = header.ramSectionId();
    int count = header.blocks().list().size();
    boolean table = wantsSeal && count <= Seal.MAX_BLOCKS;
    if (key.isPresent() && !table) {
      throw notSigned(descriptor, "it has " + count + " RAM blocks, more than " + Seal.MAX_BLOCKS);
    }
    ConfigurationSection.write(out, header.configuration(), layoutCapability());
    RamSection.writeStart(out, section);
    MemSizeList.write(out, header.blocks(), block -> addPlace(block, pageSize, table));
    out.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(out, section);
    if (destination == DestinationMemory.EMPTY) {
      RamSection.writePart(out, section);
      writeLaterPayload(section);
    }
    RamSection.writeEnd(out, section);
    writeLaterPayload(section);
    out.flush();
    tailOffset = out.position();
    pages = Optional.of(pages(header));
  }

  private Optional<String> layoutCapability() {
    return Optional.of(layout.capabilities().getFirst());
  }

  private Pages pages(SaveHeader header) {
    PageFile file = new PageFile(descriptor, direct);
    try {
      int pageSize = header.blocks().targetPageSize();
      return new Pages(
          header, file, new PageWriter(file, places, tables, SealWriter.prints(key), pageSize));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private void writeLaterPayload(int id) {
    if (layout.laterPayloads()) {
      out.be64(StreamFormat.RAM_EOS);
    }
    RamSection.writeFooter(out, id);
  }

  private void addPlace(RamBlock block, int pageSize, boolean table) {
    Optional<PrintKind> prints = Optional.of(SealWriter.prints(key)).filter(_ -> table);
    BlockPlace place = layout.place(block, out.position(), pageSize, prints);
    prints.ifPresent(kind -> tables.add(TablePlace.of(place, pageSize, kind)));
    layout.writeFields(out, place, pageSize);
    out.seek(place.end());
    places.add(place);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    pages().writer().data(block, offset, from, fromOffset, lengthBytes);
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    pages().writer().zero(block, offset, lengthBytes);
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return Optional.of(pages().writer()::current);
  }

  @Override
  public void drain() {
    pages().writer().flush();
  }

  @Override
  public void end(DeviceState state) {
    List<PageBitmap> written = pages().writer().finish();
    int pageSize = pages().header().blocks().targetPageSize();
    for (BlockPlace place : places) {
      PageBitmap bitmap = written.get(place.block().index());
      pageBytes += bitmap.cardinality() * pageSize;
      boolean all = destination == DestinationMemory.QEMU && !MainMemory.contains(place.block());
      writeBitmap(place, bitmap, all);
      if (HolesMark.room(layout.alignmentBytes()) > 0) {
        out.seek(HolesMark.position(place, pageSize));
        out.bytes(MemorySegment.ofArray(HolesMark.text()), 0, HolesMark.BYTES);
      }
    }
    writeTableHeads(pageSize);
    out.seek(tailOffset);
    if (destination == DestinationMemory.EMPTY) {
      out.bytes(state.bytes(), 0, state.sizeBytes());
    } else {
      out.bytes(state.bytes(), 0, state.sectionsBytes());
      ConfigurationDescription.writeEnd(
          out, state, pages().header().configuration(), layoutCapability());
    }
    out.flush();
    endOffset = out.position();
  }

  private void writeTableHeads(int pageSize) {
    for (int i = 0; i < tables.size(); i++) {
      TablePlace table = tables.get(i);
      long pages = places.get(i).block().usedLength() / pageSize;
      out.seek(table.headOffset());
      out.bytes(
          MemorySegment.ofArray(
              TableHead.of(id, SealWriter.prints(key), i, pages, table.tableOffset())),
          0,
          TablePlace.HEAD_BYTES);
    }
  }

  /**
   * Writes the footer, whose digests are computed from the file, once the save has ended. Does
   * nothing in a file that is not to be sealed.
   *
   * @return id of the save; empty if the file is not to be sealed
   */
  Optional<UUID> seal(Optional<String> manifest) {
    if (tables.isEmpty()) {
      return Optional.empty();
    }
    new SealWriter(descriptor, key)
        .write(
            new SealWriter.Content(
                id,
                pages().header().blocks(),
                places,
                tables.stream()
                    .map(table ->
                        new SealWriter.Table(
                            OptionalLong.of(table.headOffset()), table.tableOffset()))
                    .toList(),
                endOffset,
                List.of(),
                endOffset),
            manifest,
            // A new file has no name yet, so that the order of writes is of no importance.
            () -> {});
    return Optional.of(id);
  }

  /** Pieces without a bit set stay holes: a stream can announce far more RAM than it has pages. */
  private void writeBitmap(BlockPlace place, PageBitmap bitmap, boolean all) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(BITMAP_PIECE_BYTES, Long.BYTES);
      for (long done = 0; done < place.bitmapBytes(); done += BITMAP_PIECE_BYTES) {
        long length = Math.min(BITMAP_PIECE_BYTES, place.bitmapBytes() - done);
        long firstPage = done * Byte.SIZE;
        long count = Math.min(length * Byte.SIZE, bitmap.pages() - firstPage);
        if (all) {
          PageBitmap ones = new PageBitmap(count);
          ones.set(0, count);
          ones.store(0, piece.asSlice(0, length));
        } else if (bitmap.isAnySet(firstPage, count)) {
          bitmap.store(done / Long.BYTES, piece.asSlice(0, length));
        } else {
          continue;
        }
        out.seek(place.bitmapOffset() + done);
        out.bytes(piece, 0, length);
      }
    }
  }

  @Override
  public void close() {
    pages.ifPresent(Pages::close);
    out.close();
  }
}
