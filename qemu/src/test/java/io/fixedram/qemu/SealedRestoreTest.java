// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.verify.Sealing;
import io.fixedram.verify.Verification;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saves that prove themselves, with real QEMUs. */
class SealedRestoreTest extends QemuTest {
  private void assertWhole() {
    assertThat(Verification.run(file(), 2, new Cancellation()).damage()).isEmpty();
  }

  /** A stored page in the middle of main memory. */
  private DamagedRange damagePage() throws IOException {
    BlockPlace place;
    long page;
    try (PageStore save = Saves.open(file())) {
      place = save.places().getFirst();
      page = save.pages(place.block()).stored().nextSet(4096);
    }
    long offset = place.pagesOffset() + page * 4096;
    try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
      file.seek(offset + 1234);
      int old = file.read();
      file.seek(offset + 1234);
      file.write(old ^ 0x10);
    }
    return new DamagedRange(
        "memory", Optional.of(place.block().name()), OptionalLong.of(page * 4096), offset, 4096);
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  STREAM",
    "QEMU_7,  MEMORY",
    "QEMU_7,  LAZY",
    "QEMU_10, STREAM",
    "QEMU_10, MEMORY",
    "QEMU_10, LAZY",
  })
  void damagedPageDoesNotReachTheGuest(TestedQemu version, RestoreMode mode) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertWhole();
    DamagedRange damage = damagePage();
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, mode))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(damage.text());
      if (mode == RestoreMode.LAZY) {
        assertThat(qemu.status()).isNotEqualTo("running");
      }
    }
    assertThat(Verification.run(file(), 2, new Cancellation()).damage()).containsExactly(damage);
  }

  /** QEMU reads the file itself, and checks nothing. */
  @Test
  void nativeIsVerifiedOnlyOnRequest() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      GuestRestore restore = GuestRestore.of(file(), qemu.qmp()).mode(RestoreMode.NATIVE);
      try (RestoredGuest guest = restore(restore.verified())) {
        assertThat(guest.awaitResident().verified()).isTrue();
      }
    }
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThat(restore(qemu, RestoreMode.NATIVE).verified()).isFalse();
    }
    DamagedRange damage = damagePage();
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      GuestRestore restore = GuestRestore.of(file(), qemu.qmp()).mode(RestoreMode.NATIVE);
      assertThatThrownBy(() -> restore(restore.verified()))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(damage.text());
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_7, MEMORY", "QEMU_10, STREAM", "QEMU_10, MEMORY"})
  void savesOfRunningGuestsAreWhole(TestedQemu version, SaveMode mode) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      save(request(source).mode(mode));
      assertWhole();
      source.kill();
    }
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      RestoreMode back = version == TestedQemu.QEMU_10 ? RestoreMode.NATIVE : RestoreMode.STREAM;
      assertThat(restore(qemu, back).verified()).isEqualTo(back == RestoreMode.STREAM);
      qemu.assertGoesOn();
    }
  }

  /** A file of QEMU itself, whose gap has no room for the table of a large block. */
  @Test
  void fileOfQemuIsSealedAndLoadedAsBefore() throws Exception {
    String saved;
    try (RunningQemu source = boot(TestedQemu.QEMU_10, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.observer().execute("stop");
      source.switchOn("mapped-ram");
      source.migrate("file:" + file());
      RunningQemu.await(
          "QEMU's own save",
          () ->
              source.observer().execute("query-migrate").get("status").text().equals("completed"));
      saved = source.serial();
    }
    assertThat(Sealing.run(file(), 2, new Cancellation()).heads()).isTrue();
    assertWhole();
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      qemu.switchOn("mapped-ram");
      qemu.observer().execute("migrate-incoming", Map.of("uri", "file:" + file()));
      RunningQemu.await("QEMU to load its save", () -> qemu.status().equals("paused"));
      qemu.observer().execute("cont");
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThat(restore(qemu, RestoreMode.STREAM).verified()).isTrue();
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
    DamagedRange damage = damagePage();
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.STREAM))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(damage.text());
    }
  }
}
