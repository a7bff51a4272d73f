// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Under fixed-ram with page-size alignment the engine writes what the 2022 proposal writes, byte
 * for byte: here against an encoder that follows the proposal's steps one by one, whatever a
 * block's name.
 */
class ProposalBytesTest {
  private static final String MACHINE = "proposal-1";

  @TempDir Path directory;

  @Test
  void fileIsTheProposals() throws IOException {
    RamBlocks blocks =
        new RamBlocks(
            Blocks.PAGE,
            List.of(
                new RamBlock(0, "pc.ram", 700 * Blocks.PAGE),
                new RamBlock(1, "0000:00:02.0/vga.vram", 65 * Blocks.PAGE),
                new RamBlock(2, "pc.bios", 3 * Blocks.PAGE)));
    GuestMemory memory = Blocks.filled(Arena.ofAuto(), blocks, new Random(1));
    PassGuest guest = new PassGuest(memory, 2);
    Migration migration =
        new Migration(
            memory,
            guest,
            MigrationSettings.of(Configuration.of(MACHINE), MigrationCapability.FIXED_RAM));
    migration.addListener(guest.writingAtEachPass());
    Path file = directory.resolve("save");
    migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
    migration.await();
    assertThat(file).hasBinaryContent(asProposed(memory, guest.deviceState().bytes()));
  }

  private static byte[] asProposed(GuestMemory memory, MemorySegment deviceState)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0x5145564d);
    out.writeInt(3);
    out.writeByte(0x07);
    out.writeInt(MACHINE.length());
    out.writeBytes(MACHINE);
    out.writeByte(0x05);
    name(out, "configuration/capabilities");
    out.writeInt(1);
    out.writeInt(1);
    name(out, "fixed-ram");
    out.writeByte(0x01);
    out.writeInt(1);
    name(out, "ram");
    out.writeInt(0);
    out.writeInt(4);
    out.writeLong(memory.blocks().totalBytes() | 0x04);
    for (RamBlock block : memory.blocks().list()) {
      block(out, block, memory.segment(block).toArray(ValueLayout.JAVA_BYTE));
    }
    out.writeLong(0x10);
    footer(out);
    for (int section : List.of(0x02, 0x03)) {
      out.writeByte(section);
      out.writeInt(1);
      footer(out);
    }
    out.write(deviceState.toArray(ValueLayout.JAVA_BYTE));
    return bytes.toByteArray();
  }

  private static void name(DataOutputStream out, String name) throws IOException {
    out.writeByte(name.length());
    out.write(name.getBytes(StandardCharsets.US_ASCII));
  }

  private static void footer(DataOutputStream out) throws IOException {
    out.writeByte(0x7e);
    out.writeInt(1);
  }

  private static void block(DataOutputStream out, RamBlock block, byte[] content)
      throws IOException {
    name(out, block.name());
    out.writeLong(content.length);
    int pages = content.length / Blocks.PAGE;
    byte[] bitmap = new byte[(pages + 63) / 64 * 8];
    for (int page = 0; page < pages; page++) {
      for (int i = 0; i < Blocks.PAGE; i++) {
        if (content[page * Blocks.PAGE + i] != 0) {
          bitmap[page / 8] |= (byte) (1 << page % 8);
        }
      }
    }
    out.writeInt(bitmap.length);
    int bitmapOffset = out.size() + 8;
    int pagesOffset = (bitmapOffset + bitmap.length + Blocks.PAGE - 1) / Blocks.PAGE * Blocks.PAGE;
    out.writeLong(pagesOffset);
    out.write(bitmap);
    out.write(new byte[pagesOffset - out.size()]);
    out.write(content);
  }
}
