// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.layout.SaveSeal.Signature;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.verify.Verification;
import io.fixedram.write.WriteOptions;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Signed saves, with real QEMUs. */
class SignedRestoreTest extends QemuTest {
  private static final SigningKey KEY = SigningKey.of(new byte[32]);
  private static final SigningKey OTHER = SigningKey.of(new byte[33]);

  private void saveSigned(TestedQemu version, SaveMode mode, SaveFormat format) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      assertThat(
              save(request(source)
                      .mode(mode)
                      .format(format)
                      .options(WriteOptions.defaults().signed(KEY)))
                  .signed())
          .isTrue();
      source.kill();
    }
    assertThat(Verification.run(file(), 2, Optional.of(KEY), new Cancellation()).damage())
        .isEmpty();
  }

  private GuestRestore request(RunningQemu into, RestoreMode mode) {
    return GuestRestore.of(file(), into.qmp()).mode(mode).signedWith(KEY);
  }

  private RestoreReport run(GuestRestore request) {
    try (RestoredGuest guest = restore(request)) {
      return guest.awaitResident();
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, MEMORY, FIXED_RAM", "QEMU_10, STREAM, MAPPED_RAM"})
  void everyMode(TestedQemu version, SaveMode saved, SaveFormat format) throws Exception {
    saveSigned(version, saved, format);
    List<RestoreMode> modes =
        new ArrayList<>(List.of(RestoreMode.STREAM, RestoreMode.MEMORY, RestoreMode.LAZY));
    if (version == TestedQemu.QEMU_10) {
      modes.add(RestoreMode.NATIVE);
    }
    for (RestoreMode mode : modes) {
      try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
        RestoreReport report = run(request(qemu, mode));
        assertThat(report.signature()).isEqualTo(Signature.CHECKED);
        assertThat(report.verified()).as("%s", mode).isTrue();
        qemu.assertGoesOn();
      }
    }
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> run(request(qemu, RestoreMode.AUTO).signedWith(OTHER)))
          .isInstanceOf(UntrustedSaveException.class);
      assertThat(qemu.status()).isEqualTo("inmigrate");
      // Without a key.
      RestoreReport report = restore(qemu, RestoreMode.STREAM);
      assertThat(report.signature()).isEqualTo(Signature.NOT_CHECKED);
      assertThat(report.verified()).isTrue();
    }
  }

  /** QEMU knows nothing of the signature. */
  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"STREAM", "MEMORY"})
  void qemuLoadsSignedFilesItself(SaveMode saved) throws Exception {
    saveSigned(TestedQemu.QEMU_10, saved, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      qemu.switchOn("mapped-ram");
      qemu.observer().execute("migrate-incoming", Map.of("uri", "file:" + file()));
      RunningQemu.await("QEMU to load its save", () -> !qemu.status().equals("inmigrate"));
      if (!qemu.status().equals("running")) {
        qemu.observer().execute("cont");
      }
      qemu.assertGoesOn();
    }
    runOnAMapping();
  }

  /** QEMU reads the file itself: all is verified before, and nobody else may change it. */
  private void runOnAMapping() throws Exception {
    Endpoint qmp = new Endpoint.Unix(directory.resolve("own"));
    List<String> command =
        GuestSpec.small()
            .with("-qmp", qmp + ",server=on,wait=off")
            .command(TestedQemu.QEMU_10.binary(), directory, "mapped");
    GuestRestore instant =
        GuestRestore.of(file(), command).mode(RestoreMode.INSTANT).signedWith(KEY);
    try (RestoredGuest guest = restore(instant)) {
      RestoreReport report = guest.awaitResident();
      assertThat(report.mode()).isEqualTo(RestoreMode.INSTANT);
      assertThat(report.verified()).isTrue();
      try (QmpClient client = QmpClient.connect(qmp)) {
        client.execute("quit");
      }
      assertThat(guest.waitForExit()).isZero();
    }
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw----"));
    assertThatThrownBy(() -> run(instant))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isInstanceOf(InstantObstacle.SignatureNotKept.class))
        .hasMessageContaining("other users may write to the file");
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThatThrownBy(() -> run(request(qemu, RestoreMode.NATIVE)))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(NativeObstacle.SignatureNotKept.class));
    }
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    damagePage();
    assertThatThrownBy(() -> run(instant)).isInstanceOf(DamagedSaveException.class);
    GuestRestore verified = GuestRestore.of(file(), command).mode(RestoreMode.INSTANT).verified();
    assertThatThrownBy(() -> run(verified)).isInstanceOf(DamagedSaveException.class);
  }

  private void damagePage() throws Exception {
    long offset;
    try (PageStore save = Saves.open(file())) {
      BlockPlace place = save.places().getFirst();
      offset = place.pagesOffset() + save.pages(place.block()).stored().nextSet(4096) * 4096;
    }
    try (RandomAccessFile bytes = new RandomAccessFile(file().toFile(), "rw")) {
      bytes.seek(offset + 1234);
      int old = bytes.read();
      bytes.seek(offset + 1234);
      bytes.write(old ^ 0x10);
    }
  }
}
