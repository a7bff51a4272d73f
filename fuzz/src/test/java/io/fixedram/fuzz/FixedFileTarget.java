// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.qemu.check.DescribedDevices;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Fixed-offset files of both layouts, without fingerprints. */
final class FixedFileTarget implements FuzzTarget {
  /** Whole bitmaps of larger guests are tried by tests. */
  static final long MAX_RAM_BYTES = 64 << 20;

  @Override
  public String name() {
    return "fixed-file";
  }

  @Override
  public void read(byte[] input) {
    try (PageStore store = Saves.open(SparseStore.of(input))) {
      if (store.header().blocks().totalBytes() > MAX_RAM_BYTES) {
        var _ = store.deviceState();
        return;
      }
      readTwice(store);
    }
  }

  /** Reads everything, in the order of the store and twice in any order. */
  static Pages readTwice(PageStore store) {
    Pages read = Pages.of(store);
    read.assertSame(Pages.of(store), "again");
    Pages sent = new Pages();
    store.sendTo(sent);
    read.assertSame(sent, "in order");
    SaveInfo info = SaveInfo.of(store);
    if (!info.complete()) {
      throw new AssertionError("read, but not complete: " + info.problem());
    }
    var _ = DescribedDevices.names(store);
    return read;
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    Path path = Files.createTempFile("fixedram-fuzz", "");
    try {
      for (int i = 0; i < 12; i++) {
        Guest guest = SmallGuests.of(new Random(i));
        int alignment = i % 3 == 0 ? 1 << 20 : 1024;
        Files.write(
            path,
            i % 2 == 0
                ? Bytes.mappedRam(guest, alignment, i % 4)
                : Bytes.fixedRam(guest, alignment, i % 4));
        seeds.add(SparseStore.input(path));
      }
    } finally {
      Files.delete(path);
    }
    return seeds;
  }
}
