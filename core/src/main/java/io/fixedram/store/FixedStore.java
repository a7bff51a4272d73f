// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.fixed.FixedLayout;
import io.fixedram.fixed.HiddenData;
import io.fixedram.fixed.HolesMark;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.MainMemory;
import io.fixedram.layout.SaveSeal;
import io.fixedram.seal.SealedFile;
import io.fixedram.seal.TableHead;
import io.fixedram.wire.BlockFields;
import io.fixedram.wire.ConfigurationSection;
import io.fixedram.wire.MemSizeList;
import io.fixedram.wire.RamSection;
import io.fixedram.wire.StreamFormat;
import io.fixedram.wire.StreamInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The pages of a fixed-offset file, of either layout and from any writer. */
final class FixedStore implements PageStore {
  private static final int BITMAP_PIECE_BYTES = 1 << 16;

  private final ByteStore bytes;
  private final PageReader reader;
  private final SaveFile file;
  private final SaveHeader header;
  private final List<BlockPlace> places;
  private final DeviceStateOutcome outcome;
  private final Optional<SealedFile> sealed;

  /** Reason why nothing of the save can be checked; empty if it can, or need not. */
  private final Optional<DamagedSaveException> broken;

  /** Blocks that are verified, or have no mark. Accessed by several threads. */
  private final Set<BlockPlace> checked = ConcurrentHashMap.newKeySet();

  private FixedStore(
      SaveFile file,
      SaveHeader header,
      List<BlockPlace> places,
      Supplier<DeviceState> devices,
      Optional<SealedFile> sealed) {
    this.file = file;
    this.bytes = file.bytes();
    this.sealed = sealed;
    this.reader = new PageReader(bytes, sealed);
    this.header = header;
    this.places = places;
    this.broken = sealed.isPresent() ? Optional.empty() : lostFooter();
    this.outcome =
        broken
            .<DeviceStateOutcome>map(DeviceStateOutcome.Failed::new)
            .orElseGet(() -> DeviceStateOutcome.of(devices));
  }

  /** The failure of a file with table heads but no footer. */
  private Optional<DamagedSaveException> lostFooter() {
    int pageSize = header.blocks().targetPageSize();
    return places.stream()
        .filter(place ->
            TablePlace.headOf(place, pageSize).stream()
                .anyMatch(head -> TableHead.isAt(bytes, head)))
        .findFirst()
        .map(place -> SealedFile.withoutFooter(bytes, place.block()));
  }

  /**
   * Reads a save except bitmaps and pages. The store then owns and closes the bytes.
   *
   * @param sealed the save's footer, by which its header was checked
   * @throws DamagedSaveException if the header is damaged
   */
  static FixedStore read(Envelope.Body body, FixedLayout layout, Optional<SealedFile> sealed) {
    try (StreamInput in = Saves.input(body, sealed.map(file -> file.seal().devices().end()))) {
      Configuration configuration = ConfigurationSection.read(in);
      List<String> others = new ArrayList<>(configuration.capabilities());
      others.removeAll(layout.capabilities());
      others.forEach(other -> requireKnown(in, body.start(), layout, other));
      RamSection section = new RamSection(in, Optional.empty());
      int id = section.readStart();
      Fields fields = new Fields(layout, configuration.targetPageSize(), body.bytes().sizeBytes());
      RamBlocks blocks = MemSizeList.read(in, configuration, fields);
      sealed.ifPresent(file -> file.checkFits(blocks, fields.places, body.start()));
      return new FixedStore(
          new SaveFile(body.bytes(), body.start(), layout.format(), configuration.capabilities()),
          new SaveHeader(configuration.withCapabilities(others), blocks, id),
          List.copyOf(fields.places),
          () -> {
            sealed.ifPresent(file -> file.check(file.seal().devices()));
            return readRest(in, layout, section);
          },
          sealed);
    }
  }

  /** A capability changes what the stream has, so an unknown one may change anything. */
  private static void requireKnown(
      StreamInput in, long start, FixedLayout layout, String capability) {
    if (FixedLayout.named(List.of(capability)).isPresent()) {
      throw in.damaged(
          start, "its pages are laid out by both " + layout.format().text() + " and " + capability);
    }
    if (!capability.equals(Configuration.X_IGNORE_SHARED)) {
      throw new UnsupportedSaveException(
          in.name()
              + " was saved with the capability "
              + capability
              + " (offset "
              + start
              + "), which is not known");
    }
  }

  private static DeviceState readRest(StreamInput in, FixedLayout layout, RamSection section) {
    readEos(in);
    return section.readRest(
        () -> {
          if (layout.laterPayloads()) {
            readEos(in);
          }
        },
        true);
  }

  private static void readEos(StreamInput in) {
    long at = in.position();
    if (in.be64() != StreamFormat.RAM_EOS) {
      throw in.damaged(at, "the end of a ram payload is not here");
    }
  }

  /** Reads the place of each block and skips its pages. */
  private static final class Fields implements BlockFields {
    private final FixedLayout layout;
    private final int targetPageSize;
    private final long fileBytes;
    private final List<BlockPlace> places = new ArrayList<>();

    Fields(FixedLayout layout, int targetPageSize, long fileBytes) {
      this.layout = layout;
      this.targetPageSize = targetPageSize;
      this.fileBytes = fileBytes;
    }

    @Override
    public boolean follow(StreamInput in, int ahead, long usedLength, boolean last) {
      return layout.fieldsFollow(in, ahead, usedLength, targetPageSize);
    }

    @Override
    public void read(StreamInput in, RamBlock block) {
      BlockPlace place = layout.readFields(in, block, targetPageSize);
      if (place.end() > fileBytes) {
        throw new DamagedSaveException(
            in.name()
                + " is incomplete: it has "
                + fileBytes
                + " bytes, and the pages of RAM block "
                + block
                + " end at offset "
                + place.end());
      }
      places.add(place);
      in.seek(place.end());
    }
  }

  @Override
  public String name() {
    return bytes.name();
  }

  @Override
  public SaveHeader header() {
    return header;
  }

  @Override
  public Optional<SaveFile> file() {
    return Optional.of(file);
  }

  @Override
  public Optional<BlockPlace> place(RamBlock block) {
    return Optional.of(places.get(block.index()));
  }

  @Override
  public int parallelReads() {
    return bytes.parallelReads();
  }

  @Override
  public StoreState state() {
    return bytes.state();
  }

  @Override
  public DeviceState deviceState() {
    return outcome.get();
  }

  /** {@inheritDoc} A file of this project has no bit for a zero page of main memory. */
  @Override
  public long leastContentBytes() {
    return header.blocks().list().stream()
            .filter(block -> MainMemory.contains(block) && isExact(block))
            .mapToLong(block -> listedPages(block).stored().cardinality())
            .sum()
        * header.blocks().targetPageSize();
  }

  @Override
  public Optional<SaveSeal> seal() {
    return sealed.map(SealedFile::saveSeal);
  }

  @Override
  public Optional<String> manifest() {
    return sealed.flatMap(SealedFile::manifest);
  }

  /**
   * {@inheritDoc}
   *
   * @throws DamagedSaveException if the bitmap is not as it was written, the footer is missing, or
   *     the block has a {@link HolesMark} but data in pages that are zero in its bitmap
   */
  @Override
  public PageMap pages(RamBlock block) {
    broken.ifPresent(failure -> {
      throw failure;
    });
    BlockPlace place = places.get(block.index());
    if (!checked.contains(place)) {
      sealed.ifPresent(file -> file.checkBitmap(block));
    }
    PageMap map = listedPages(block);
    if (!checked.contains(place) && isExact(block)) {
      HiddenData hidden =
          new HiddenData(bytes, place, map.stored(), map.pageSize(), Long.MAX_VALUE);
      if (hidden.find() instanceof HiddenData.Outcome.Data data) {
        throw new DamagedSaveException(
            name()
                + " is damaged: RAM block "
                + block
                + " has data at offset "
                + data.offset()
                + " of the file, in a page that its bitmap says is zero; take another copy of the"
                + " file");
      }
    }
    checked.add(place);
    return map;
  }

  @Override
  public boolean isExact(RamBlock block) {
    BlockPlace place = places.get(block.index());
    int pageSize = header.blocks().targetPageSize();
    return HolesMark.fits(place, pageSize)
        && Arrays.equals(
            bytes.readFully(HolesMark.position(place, pageSize), HolesMark.BYTES),
            HolesMark.text());
  }

  @Override
  public PageMap listedPages(RamBlock block) {
    BlockPlace place = places.get(block.index());
    PageBitmap bitmap = new PageBitmap(header.blocks().pages(block));
    long length = Math.min(place.bitmapBytes(), PageBitmap.fileBytes(bitmap.pages()));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(BITMAP_PIECE_BYTES, Long.BYTES);
      for (long done = 0; done < length; done += BITMAP_PIECE_BYTES) {
        long count = Math.min(BITMAP_PIECE_BYTES, length - done);
        bytes.readFully(place.bitmapOffset() + done, piece, 0, count);
        bitmap.load(done / Long.BYTES, piece.asSlice(0, count));
      }
    }
    return new PageMap(block, bitmap);
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    return reader.read(places.get(map.block().index()), map, first, end, into, offset);
  }

  @Override
  public void close() {
    bytes.close();
  }
}
