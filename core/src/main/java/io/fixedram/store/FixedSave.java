// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.FixedLayout;
import io.fixedram.layout.HolesMark;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.stream.BlockFields;
import io.fixedram.stream.ConfigurationSection;
import io.fixedram.stream.MemSizeList;
import io.fixedram.stream.RamSection;
import io.fixedram.stream.StreamFormat;
import io.fixedram.stream.StreamInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A fixed-offset file, of either layout, whoever wrote it. */
public final class FixedSave implements Save {
  private static final int READ_BYTES = 1 << 20;
  private static final int BITMAP_PIECE_BYTES = 1 << 16;

  private final Descriptor descriptor;
  private final Descriptor.Status opened;
  private final PageReader reader;
  private final FixedLayout layout;
  private final SaveHeader header;
  private final List<String> capabilities;
  private final List<BlockPlace> places;
  private final DeviceStateOutcome outcome;

  /** Blocks that hold to their marks; by several threads. */
  private final Set<BlockPlace> checked = ConcurrentHashMap.newKeySet();

  /** The device state, or why there is none. */
  private sealed interface DeviceStateOutcome {
    record Read(DeviceState state) implements DeviceStateOutcome {}

    record Failed(FixedRamException reason) implements DeviceStateOutcome {}
  }

  private FixedSave(
      Descriptor descriptor,
      Descriptor.Status opened,
      FixedLayout layout,
      SaveHeader header,
      List<String> capabilities,
      List<BlockPlace> places,
      DeviceStateOutcome outcome) {
    this.descriptor = descriptor;
    this.opened = opened;
    this.reader = new PageReader(descriptor);
    this.layout = layout;
    this.header = header;
    this.capabilities = List.copyOf(capabilities);
    this.places = places;
    this.outcome = outcome;
  }

  /** Reads all of an open file but bitmaps and pages; the file is then the save's to close. */
  static FixedSave read(Descriptor descriptor, FixedLayout layout) {
    Descriptor.Status opened = descriptor.status();
    try (StreamInput in =
        new StreamInput(descriptor::read, descriptor.path().toString(), HEADER_BUFFER_BYTES)) {
      Configuration configuration = ConfigurationSection.read(in);
      List<String> others = new ArrayList<>(configuration.capabilities());
      others.removeAll(layout.capabilities());
      RamSection section = new RamSection(in, Optional.empty());
      int id = section.readStart();
      Fields fields = new Fields(layout, configuration.targetPageSize(), opened.sizeBytes());
      RamBlocks blocks = MemSizeList.read(in, configuration, fields);
      SaveHeader header = new SaveHeader(configuration.withCapabilities(others), blocks, id);
      return new FixedSave(
          descriptor,
          opened,
          layout,
          header,
          configuration.capabilities(),
          List.copyOf(fields.places),
          readRest(in, layout, section));
    }
  }

  private static DeviceStateOutcome readRest(
      StreamInput in, FixedLayout layout, RamSection section) {
    try {
      readEos(in);
      return new DeviceStateOutcome.Read(
          section.readRest(
              () -> {
                if (layout.laterPayloads()) {
                  readEos(in);
                }
              },
              true));
    } catch (FixedRamException e) {
      return new DeviceStateOutcome.Failed(e);
    }
  }

  private static void readEos(StreamInput in) {
    long at = in.position();
    if (in.be64() != StreamFormat.RAM_EOS) {
      throw in.damaged(at, "the end of a ram payload is not here");
    }
  }

  /** Reads where each block stands, and skips its pages. */
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
      return layout.fieldsFollow(in, ahead, usedLength);
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
  public SaveFormat format() {
    return layout.format();
  }

  @Override
  public Path path() {
    return descriptor.path();
  }

  @Override
  public SaveHeader header() {
    return header;
  }

  /** Capabilities that the file names, the one of its layout among them. */
  public List<String> capabilities() {
    return capabilities;
  }

  /** Where the blocks stand, in the header's order. */
  public List<BlockPlace> places() {
    return places;
  }

  /** What the file was before anything of it was read. */
  public Descriptor.Status opened() {
    return opened;
  }

  /** The open file. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /**
   * The state of the devices.
   *
   * @throws FixedRamException if what stands after the RAM is damaged, incomplete, or can't be
   *     carried
   */
  public DeviceState deviceState() {
    return switch (outcome) {
      case DeviceStateOutcome.Read read -> read.state();
      case DeviceStateOutcome.Failed failed -> throw failed.reason();
    };
  }

  /**
   * Reads which pages of a block are in the file.
   *
   * @throws DamagedSaveException if the block has data in other pages, and is marked to have none
   */
  public PageBitmap bitmap(BlockPlace place) {
    PageBitmap bitmap = readBitmap(place);
    if (!checked.contains(place) && hasHolesMark(place)) {
      int pageSize = header.blocks().targetPageSize();
      HiddenData hidden = new HiddenData(descriptor, place, bitmap, pageSize, Long.MAX_VALUE);
      if (hidden.find() instanceof HiddenData.Outcome.Data data) {
        throw new DamagedSaveException(
            path()
                + " is damaged: RAM block "
                + place.block()
                + " has data at offset "
                + data.offset()
                + " of the file, in a page that its bitmap says is zero; take another copy of the"
                + " file");
      }
    }
    checked.add(place);
    return bitmap;
  }

  /** Whether a block is marked to have no data where its bitmap has no bit. */
  boolean hasHolesMark(BlockPlace place) {
    int pageSize = header.blocks().targetPageSize();
    if (!HolesMark.fits(place, pageSize)) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(HolesMark.BYTES);
      reader.readFully(HolesMark.position(place, pageSize), found, 0, HolesMark.BYTES);
      return found.mismatch(MemorySegment.ofArray(HolesMark.text())) < 0;
    }
  }

  /** The same without a look at the pages. */
  PageBitmap readBitmap(BlockPlace place) {
    PageBitmap bitmap = new PageBitmap(header.blocks().pages(place.block()));
    long bytes = Math.min(place.bitmapBytes(), PageBitmap.fileBytes(bitmap.pages()));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(BITMAP_PIECE_BYTES, Long.BYTES);
      for (long done = 0; done < bytes; done += BITMAP_PIECE_BYTES) {
        long length = Math.min(BITMAP_PIECE_BYTES, bytes - done);
        reader.readFully(place.bitmapOffset() + done, piece, 0, length);
        bitmap.load(done / Long.BYTES, piece.asSlice(0, length));
      }
    }
    return bitmap;
  }

  /**
   * {@inheritDoc} Each page comes once, blocks and pages in the order of the file.
   *
   * @throws FixedRamException if the file is not complete, or has data where it is marked to have
   *     none, before anything is sent
   */
  @Override
  public void sendTo(PageSink sink) {
    send(places, sink);
  }

  /**
   * The same save, of whose blocks some have no pages: neither data nor zeros come for them. For
   * destinations that have those pages already.
   */
  public PageSource without(Set<RamBlock> blocks) {
    List<BlockPlace> others =
        places.stream().filter(place -> !blocks.contains(place.block())).toList();
    return sink -> send(others, sink);
  }

  private void send(List<BlockPlace> wanted, PageSink sink) {
    DeviceState state = deviceState();
    wanted.forEach(this::bitmap);
    sink.begin(header);
    try (ReadAhead pages =
        new ReadAhead(reader, header.blocks().targetPageSize(), wanted, this::bitmap)) {
      pages.sendTo(sink);
    }
    sink.end(state);
  }

  /**
   * Sends a run of a block's pages, and neither begins nor ends the sink. May be called by several
   * threads at a time, each with a sink of its own.
   *
   * @param bitmap the block's, as {@link #bitmap} reads it; not changed
   * @param first the first page
   * @param count number of pages
   */
  public void sendPages(
      BlockPlace place, PageBitmap bitmap, long first, long count, PageSink sink) {
    try (Arena arena = Arena.ofShared()) {
      long bytes = Math.clamp(count * header.blocks().targetPageSize(), 1, READ_BYTES);
      sendPages(place, bitmap, first, count, arena.allocate(bytes, 4096), sink);
    }
  }

  /**
   * The same through memory of the caller.
   *
   * @param buffer what is read into, one target page at least; no longer run reaches the sink
   */
  public void sendPages(
      BlockPlace place,
      PageBitmap bitmap,
      long first,
      long count,
      MemorySegment buffer,
      PageSink sink) {
    Objects.checkFromIndexSize(first, count, bitmap.pages());
    int pageSize = header.blocks().targetPageSize();
    for (long page = first; page < first + count; ) {
      PageWindow window =
          PageWindow.of(place, bitmap, pageSize, page, first + count, buffer.byteSize());
      if (reader.read(window, buffer)) {
        window.sendTo(sink, buffer);
      } else {
        window.sendZeros(sink);
      }
      page = window.end();
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
