// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;

/** Guests whose saves are a few KiB, with everything that a save can have. */
final class SmallGuests {
  private SmallGuests() {}

  /** A guest with pages of 1 KiB, most of which are zeros but for one byte. */
  static Guest of(Random random) {
    boolean addressed = random.nextInt(3) == 0;
    Configuration configuration =
        new Configuration(
            random.nextBoolean() ? "pc-i440fx-7.2" : "pc-q35-10.0",
            addressed ? List.of(Configuration.X_IGNORE_SHARED) : List.of(),
            OptionalInt.of(10),
            random.nextInt(3) == 0 ? Optional.of(new UUID(1, 2)) : Optional.empty());
    List<RamBlock> blocks =
        List.of(
            block(0, "pc.ram", 4, addressed, random),
            block(1, "/objects/m0", 4, addressed, random),
            block(2, "pc.rom", 2, addressed, random));
    Guest guest =
        new Guest(new SaveHeader(configuration, new RamBlocks(1024, blocks), 2))
            .with(RandomGuests.tail(random));
    for (RamBlock block : blocks) {
      for (long offset = 0; offset < block.usedLength(); offset += guest.pageSize()) {
        if (random.nextBoolean()) {
          byte[] page = new byte[guest.pageSize()];
          page[random.nextInt(page.length)] = (byte) (1 + random.nextInt(255));
          guest.put(block, offset, page);
        }
      }
    }
    return guest;
  }

  private static RamBlock block(
      int index, String name, int pages, boolean addressed, Random random) {
    return new RamBlock(
        index,
        name,
        pages * 1024L,
        random.nextInt(4) == 0 ? OptionalLong.of(2 << 20) : OptionalLong.empty(),
        addressed ? OptionalLong.of((long) index << 30) : OptionalLong.empty());
  }
}
