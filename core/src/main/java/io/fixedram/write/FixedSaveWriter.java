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
import io.fixedram.seal.PartDigest;
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
import java.util.function.Consumer;

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
  private final LateHead file;
  private final FixedLayout layout;
  private final DestinationMemory destination;
  private final DirectMode direct;
  private final StreamOutput out;
  private final List<BlockPlace> places = new ArrayList<>();
  private final List<TablePlace> tables = new ArrayList<>();
  private final boolean wantsSeal;
  private final Optional<SigningKey> key;
  private final boolean reserve;
  private final UUID id = SaveIds.random();
  private Optional<Pages> pages = Optional.empty();
  private long tailOffset;
  private long endOffset;
  private long pageBytes;
  private long expectedBytes;

  /** Objects that exist once the blocks are known. */
  private record Pages(SaveHeader header, PageFile file, ReservedSpace space, PageWriter writer)
      implements AutoCloseable {
    @Override
    public void close() {
      writer.close();
      file.close();
    }
  }

  /**
   * Prepares to write to an empty file, which the caller closes.
   *
   * @param file the same file, whose first bytes the caller releases
   */
  FixedSaveWriter(
      Descriptor descriptor,
      LateHead file,
      FixedLayout layout,
      DestinationMemory destination,
      WriteOptions options) {
    this.descriptor = descriptor;
    this.file = file;
    this.layout = layout;
    this.destination = destination;
    this.direct = options.direct();
    this.wantsSeal = options.sealed() && HolesMark.room(layout.alignmentBytes()) > 0;
    this.key = options.key();
    if (key.isPresent() && !wantsSeal) {
      throw notSigned(descriptor, "a signature needs an alignment of 1 MiB at least");
    }
    this.reserve = options.reserve();
    this.out = new StreamOutput(file::write, BUFFER_BYTES);
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

  /** Announces how many bytes of pages will certainly not be zero, before the save begins. */
  void expect(long contentBytes) {
    expectedBytes = contentBytes;
  }

  @Override
  public void begin(SaveHeader header) {
    int pageSize = header.blocks().targetPageSize();
    int count = header.blocks().list().size();
    boolean table = wantsSeal && count <= Seal.MAX_BLOCKS;
    if (key.isPresent() && count == 0) {
      throw notSigned(descriptor, "it has no RAM block");
    }
    if (key.isPresent() && !table) {
      throw notSigned(descriptor, "it has " + count + " RAM blocks, more than " + Seal.MAX_BLOCKS);
    }
    try (StreamOutput nowhere = new StreamOutput((_, _, _, _) -> {}, BUFFER_BYTES)) {
      writeBeginning(nowhere, header, block -> addPlace(nowhere, block, pageSize, table));
      SpaceCheck.run(descriptor, nowhere.position(), expectedBytes);
    }
    writeBeginning(out, header, block -> writeFields(places.get(block.index()), pageSize));
    out.flush();
    tailOffset = out.position();
    pages = Optional.of(pages(header));
  }

  private void writeBeginning(StreamOutput to, SaveHeader header, Consumer<RamBlock> fields) {
    int section = header.ramSectionId();
    ConfigurationSection.write(to, header.configuration(), layoutCapability());
    RamSection.writeStart(to, section);
    MemSizeList.write(to, header.blocks(), fields);
    to.be64(StreamFormat.RAM_EOS);
    RamSection.writeFooter(to, section);
    if (destination == DestinationMemory.EMPTY) {
      RamSection.writePart(to, section);
      writeLaterPayload(to, section);
    }
    RamSection.writeEnd(to, section);
    writeLaterPayload(to, section);
  }

  private Optional<String> layoutCapability() {
    return Optional.of(layout.capabilities().getFirst());
  }

  private Pages pages(SaveHeader header) {
    PageFile file = new PageFile(descriptor, direct);
    try {
      int pageSize = header.blocks().targetPageSize();
      int mark = HolesMark.room(layout.alignmentBytes());
      ReservedSpace space = new ReservedSpace(file, places, tables, mark, SealWriter.prints(key));
      if (reserve) {
        space.reserve();
      }
      PageWriter writer =
          new PageWriter(file, places, tables, SealWriter.prints(key), pageSize, reserve);
      return new Pages(header, file, space, writer);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private void writeLaterPayload(StreamOutput to, int id) {
    if (layout.laterPayloads()) {
      to.be64(StreamFormat.RAM_EOS);
    }
    RamSection.writeFooter(to, id);
  }

  private void addPlace(StreamOutput at, RamBlock block, int pageSize, boolean table) {
    Optional<PrintKind> prints = Optional.of(SealWriter.prints(key)).filter(_ -> table);
    BlockPlace place = layout.place(block, at.position(), pageSize, prints);
    prints.ifPresent(kind -> tables.add(TablePlace.of(place, pageSize, kind)));
    at.seek(place.end());
    places.add(place);
  }

  private void writeFields(BlockPlace place, int pageSize) {
    layout.writeFields(out, place, pageSize);
    out.seek(place.end());
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
    if (reserve) {
      pages().space().giveBackTables(written);
    }
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
    Optional<UUID> sealed = tables.isEmpty() ? Optional.empty() : Optional.of(id);
    if (sealed.isPresent()) {
      writeFooter(manifest);
    }
    if (reserve) {
      // Frees what was reserved behind the end.
      descriptor.setSize(descriptor.status().sizeBytes());
    }
    return sealed;
  }

  private void writeFooter(Optional<String> manifest) {
    new SealWriter(
            new PartDigest.Input(file::read, file::nextData, descriptor.path().toString()),
            file::write,
            key)
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
          if (reserve) {
            pages().file().giveBack(place.bitmapOffset() + done, length);
          }
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
