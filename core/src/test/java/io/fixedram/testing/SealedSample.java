// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.guest.RamBlock;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Random;

/** A small save with blocks of equal and other sizes, and changes of its bytes. */
public final class SealedSample {
  /** Two blocks of the same size, and one that a destination fills. */
  public static final RamBlock RAM = new RamBlock(0, "pc.ram", 700L * 4096);

  /** The second block, as long as the first. */
  public static final RamBlock MORE = new RamBlock(1, "/objects/more", 700L * 4096);

  /** The third block. */
  public static final RamBlock ROM = new RamBlock(2, "pc.rom", 32L * 4096);

  private SealedSample() {}

  /** Its pages. */
  public static Script script(long seed) {
    Random random = new Random(seed);
    Guest guest = Guest.of(RAM, MORE, ROM).with(RandomGuests.tail(random));
    byte[] content = new byte[300 * 4096];
    random.nextBytes(content);
    Script script = Script.of(guest).data(RAM, 0, content).data(RAM, 690 * 4096, page(random));
    for (int page = 1; page < 700; page += 2) {
      script.data(MORE, page * 4096L, page(random));
    }
    return script.data(ROM, 3 * 4096, page(random));
  }

  private static byte[] page(Random random) {
    byte[] page = new byte[4096];
    random.nextBytes(page);
    return page;
  }

  /** Writes it. */
  public static Guest write(Path path, SaveFormat format, WriteOptions options, long seed) {
    Script script = script(seed);
    try (SaveWriter writer = SaveWriter.create(path, format, options)) {
      script.sendTo(writer.sink());
      writer.publish();
    }
    return script.guest();
  }

  /** Writes it with usual options, but does not wait for the disk. */
  public static Guest write(Path path, SaveFormat format) {
    WriteOptions usual = WriteOptions.defaults();
    return write(path, format, new WriteOptions(usual.direct(), false, usual.alignmentBytes()), 1);
  }

  /** Writes it with usual options and a signature, but does not wait for the disk. */
  public static Guest writeSigned(Path path, SaveFormat format, SigningKey key, long seed) {
    WriteOptions usual = WriteOptions.defaults();
    return write(
        path,
        format,
        new WriteOptions(usual.direct(), false, usual.alignmentBytes()).signed(key),
        seed);
  }

  /** Changes a byte of a file. */
  public static void flip(Path path, long offset, int mask) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(offset);
      int old = file.read();
      file.seek(offset);
      file.write(old ^ mask);
    }
  }
}
