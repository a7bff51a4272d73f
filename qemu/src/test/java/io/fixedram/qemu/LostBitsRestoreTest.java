// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saves whose bitmap has lost a bit: the guest would have zeros where it had data. */
class LostBitsRestoreTest extends QemuTest {

  private void loseBit() throws IOException {
    long offset;
    int bits;
    try (PageStore save = Saves.open(file())) {
      BlockPlace place = save.places().getFirst();
      PageBitmap bitmap = save.pages(place.block()).stored();
      long page = bitmap.nextSet(2048);
      offset = place.bitmapOffset() + page / 8;
      bits = 1 << (page % 8);
    }
    try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
      file.seek(offset);
      int old = file.read();
      file.seek(offset);
      file.write(old & ~bits);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7, AUTO",
    "QEMU_7, LAZY",
    "QEMU_7, STREAM",
    "QEMU_10, AUTO",
    "QEMU_10, LAZY",
    "QEMU_10, STREAM",
    "QEMU_10, NATIVE"
  })
  void isNotLoaded(TestedQemu version, RestoreMode mode) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    loseBit();
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, mode))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining("is damaged: the bitmap of RAM block pc.ram (");
      assertThat(qemu.serial()).isEmpty();
    }
  }

  @Test
  void isNotMapped() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    loseBit();
    List<String> command =
        GuestSpec.small().command(TestedQemu.QEMU_10.binary(), directory, "restored");
    for (RestoreMode mode : List.of(RestoreMode.INSTANT, RestoreMode.AUTO)) {
      assertThatThrownBy(() -> restore(GuestRestore.of(file(), command).mode(mode)))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining("is damaged: the bitmap of RAM block pc.ram (");
    }
  }
}
