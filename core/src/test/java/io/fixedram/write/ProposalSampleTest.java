// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.BlockInfo;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.ProposalSample;
import io.fixedram.testing.SavedFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** A file that the proposal's own logic wrote, read and written again. */
@EnabledIfEnvironmentVariable(
    named = ProposalSample.VARIABLE,
    matches = ".+",
    disabledReason = ProposalSample.MISSING)
class ProposalSampleTest {
  @TempDir private Path directory;

  @Test
  void isDescribed() {
    SaveInfo info = SaveInfo.of(ProposalSample.path());
    assertThat(info.format()).isEqualTo(SaveFormat.FIXED_RAM);
    assertThat(info.complete()).isTrue();
    assertThat(info.machine()).isEqualTo("pc-i440fx-7.2");
    assertThat(info.capabilities()).containsExactly("fixed-ram");
    assertThat(info.blocks()).hasSize(8);
    BlockInfo ram = info.blocks().getFirst();
    assertThat(ram.name()).isEqualTo("pc.ram");
    assertThat(ram.usedLength()).isEqualTo(40 << 20);
    assertThat(ram.pagesOffset()).hasValue(0x1000);
    assertThat(ram.present()).isEqualTo(72);
  }

  @Test
  void convertsToEveryFormatAndBack() throws IOException {
    Guest guest = regions();
    Path from = ProposalSample.path();
    List<SaveFormat> chain =
        List.of(
            SaveFormat.MAPPED_RAM,
            SaveFormat.STREAM,
            SaveFormat.FIXED_RAM,
            SaveFormat.STREAM,
            SaveFormat.MAPPED_RAM,
            SaveFormat.FIXED_RAM);
    for (SaveFormat format : chain) {
      Path to = directory.resolve(format.text());
      try (PageStore save = Saves.open(from);
          SaveWriter writer = SaveWriter.create(to, format, WriteOptions.defaults())) {
        save.sendTo(writer.sink());
        writer.publish();
      }
      if (format != SaveFormat.STREAM) {
        SavedFile.check(to, guest, format, WriteOptions.defaults().alignmentBytes());
      }
      try (PageStore save = Saves.open(to)) {
        GuestSink sink = new GuestSink();
        save.sendTo(sink);
        Guest.assertSame(sink.guest(), guest);
      }
      from = to;
    }
  }

  /** Written anew as the proposal writes, it is the same file. */
  @Test
  void isWrittenToTheByte() throws IOException {
    Path to = directory.resolve("again");
    try (PageStore save = Saves.open(ProposalSample.path());
        SaveWriter writer =
            SaveWriter.create(
                to,
                SaveFormat.FIXED_RAM,
                DestinationMemory.EMPTY,
                new WriteOptions(DirectMode.AUTO, false, 1))) {
      save.sendTo(writer.sink());
      writer.publish();
    }
    assertThat(Files.mismatch(to, ProposalSample.path())).isEqualTo(-1);
  }

  /** Its blocks as they stand in the file, bitmaps left aside: the proposal's guest was paused. */
  private static Guest regions() throws IOException {
    try (PageStore save = Saves.open(ProposalSample.path());
        RandomAccessFile in = new RandomAccessFile(ProposalSample.path().toFile(), "r")) {
      Guest guest = new Guest(save.header());
      for (BlockPlace place : save.places()) {
        RamBlock block = place.block();
        in.seek(place.pagesOffset());
        byte[] region = new byte[Math.toIntExact(block.usedLength())];
        in.readFully(region);
        guest.put(block, 0, region);
      }
      byte[] tail = new byte[Math.toIntExact(save.deviceState().sizeBytes())];
      in.seek(in.length() - tail.length);
      in.readFully(tail);
      Guest.Tail state = Guest.Tail.of(save.deviceState());
      assertThat(Arrays.equals(state.toBytes(), tail))
          .as("the device state ends the file")
          .isTrue();
      return guest.with(state);
    }
  }
}
