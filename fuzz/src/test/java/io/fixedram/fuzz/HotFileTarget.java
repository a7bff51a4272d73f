// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.LocalFile;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.pageserver.HotFile;
import io.fixedram.pageserver.HotPages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Files of hot pages. Those whose length is odd without their last byte have the identity of the
 * save and the checksum made to fit first.
 */
final class HotFileTarget implements FuzzTarget {
  private static final RamBlocks BLOCKS =
      new RamBlocks(
          4096, List.of(new RamBlock(0, "pc.ram", 1 << 20), new RamBlock(1, "pc.rom", 8192)));

  private static final int IDENTITY_AT = 8;
  private static final int IDENTITY_BYTES = 24;

  private final Path save;

  /** A file without pages that belongs to the save. */
  private byte[] valid = {};

  HotFileTarget(Path directory) {
    this.save = directory.resolve("hot");
  }

  private LocalFile open() {
    try {
      if (!Files.exists(save)) {
        Files.write(save, new byte[100]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return LocalFile.open(save);
  }

  @Override
  public String name() {
    return "hot-file";
  }

  @Override
  public void read(byte[] input) throws IOException {
    try (LocalFile file = open()) {
      HotFile hot = HotFile.of(file, BLOCKS);
      Files.write(hot.path(), input.length % 2 == 1 ? fitting(hot, input) : input);
      HotPages pages = hot.load();
      for (HotPages.Run run : pages.runs()) {
        long end = run.firstPage() * 4096;
        if (run.firstPage() < 0 || end >= BLOCKS.list().get(run.block()).usedLength()) {
          throw new AssertionError("hot pages that the save does not have: " + run);
        }
      }
    }
  }

  private byte[] fitting(HotFile hot, byte[] input) throws IOException {
    if (valid.length == 0) {
      Files.deleteIfExists(hot.path());
      hot.store(new HotPages());
      valid = Files.readAllBytes(hot.path());
    }
    byte[] bytes = Arrays.copyOf(input, input.length - 1);
    if (bytes.length < valid.length) {
      return bytes;
    }
    System.arraycopy(valid, IDENTITY_AT, bytes, IDENTITY_AT, IDENTITY_BYTES);
    CRC32C sum = new CRC32C();
    sum.update(bytes, 0, bytes.length - Integer.BYTES);
    ByteBuffer.wrap(bytes).putInt(bytes.length - Integer.BYTES, (int) sum.getValue());
    return bytes;
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    try (LocalFile file = open()) {
      HotFile hot = HotFile.of(file, BLOCKS);
      HotPages pages = new HotPages();
      pages.add(BLOCKS.list().get(0), 17);
      pages.add(BLOCKS.list().get(1), 1);
      Files.deleteIfExists(hot.path());
      hot.store(pages);
      byte[] stored = Files.readAllBytes(hot.path());
      return List.of(stored, Arrays.copyOf(stored, stored.length + 1));
    }
  }
}
