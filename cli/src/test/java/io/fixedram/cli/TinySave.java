// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.stream.OpaqueDevice;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Small saves to run commands on: 8 pages of pc.ram, of which pages 1 and 2 have content. */
public final class TinySave {
  static final int PAGE_SIZE = 4096;
  static final String MACHINE = "pc-i440fx-7.2";

  private TinySave() {}

  /** Writes one. */
  public static Path write(Path file, SaveFormat format) {
    // The EOF byte of the stream, and no device before it.
    return write(
        file, format, new DeviceState(MemorySegment.ofArray(new byte[1]), 0, Optional.empty()));
  }

  /** Writes one with a device state that has a description. */
  static Path writeDescribed(Path file, SaveFormat format) {
    MemorySegment state = MemorySegment.ofArray(new byte[] {1, 2, 3});
    return write(file, format, new OpaqueDevice("tiny", 1, state).toDeviceState());
  }

  private static Path write(Path file, SaveFormat format, DeviceState devices) {
    RamBlock ram = new RamBlock(0, "pc.ram", 8L * PAGE_SIZE);
    RamBlock rom = new RamBlock(1, "pc.bios", PAGE_SIZE);
    try (Arena arena = Arena.ofConfined();
        SaveWriter writer = SaveWriter.create(file, format, WriteOptions.defaults())) {
      MemorySegment pages = arena.allocate(2 * PAGE_SIZE);
      pages.fill((byte) 0x5a);
      SaveSink sink = writer.sink();
      sink.begin(
          new SaveHeader(
              Configuration.of(MACHINE), new RamBlocks(PAGE_SIZE, List.of(ram, rom)), 2));
      sink.data(ram, PAGE_SIZE, pages, 0, 2 * PAGE_SIZE);
      sink.zero(ram, 3 * PAGE_SIZE, PAGE_SIZE);
      sink.data(rom, 0, pages, 0, PAGE_SIZE);
      sink.end(devices);
      writer.publish();
    }
    return file;
  }

  /** A fixed-offset save that lacks its last byte. */
  static Path writeIncomplete(Path file, SaveFormat format) throws IOException {
    write(file, format);
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    return file;
  }

  /** Fails unless two saves are the same, but for their ids. */
  public static void assertSame(Path actual, Path expected) {
    assertThat(format(actual)).isEqualTo(format(expected));
    assertThat(stream(actual)).isEqualTo(stream(expected));
  }

  private static byte[] stream(Path file) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PageStore save = Saves.open(file);
        StreamEncoder encoder =
            new StreamEncoder((position, from, offset, length) ->
                bytes.writeBytes(from.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE)))) {
      save.sendTo(encoder);
    }
    return bytes.toByteArray();
  }

  static SaveFormat format(Path file) {
    try (PageStore save = Saves.open(file)) {
      return save.file().orElseThrow().format();
    }
  }
}
