// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What tests with real QEMUs have in common: a directory with one save in it. */
@Tag("qemu")
@Timeout(120)
@ExtendWith(SavedGuests.Provider.class)
abstract class QemuTest {
  static final int MAX_PASSES = 20;

  @TempDir Path directory;

  final Recorder recorder = new Recorder();

  private SavedGuests guests;

  @BeforeEach
  void haveSavedGuests(SavedGuests shared) {
    guests = shared;
  }

  /**
   * Has a guest saved in {@link #file()}.
   *
   * @return what it had printed until then
   */
  String haveSaved(TestedQemu version, GuestSpec spec, SaveFormat format) throws Exception {
    return guests.copy(version, spec, format, file());
  }

  Path file() {
    return directory.resolve("guest.save");
  }

  RunningQemu boot(TestedQemu version, GuestSpec spec) throws IOException {
    return RunningQemu.boot(version, spec, directory);
  }

  RunningQemu waiting(TestedQemu version, GuestSpec spec) throws IOException {
    return RunningQemu.waiting(version, spec, directory, "restored");
  }

  GuestSave request(RunningQemu qemu) {
    return request(qemu.qmp(), file());
  }

  /** By stream, as most tests need it. */
  static GuestSave request(Endpoint qmp, Path file) {
    return GuestSave.of(qmp, file).mode(SaveMode.STREAM).maxPasses(MAX_PASSES);
  }

  SaveReport save(GuestSave request) {
    return request.listener(recorder).run();
  }

  RestoreReport restore(RunningQemu into, RestoreMode mode) {
    return restore(into, mode, false);
  }

  /** Has mode auto take what it takes of large saves. */
  RestoreReport restoreAsLarge(RunningQemu into) {
    GuestRestore request = GuestRestore.of(file(), into.qmp()).inPlaceWithin(Duration.ZERO);
    try (RestoredGuest guest = restore(request)) {
      return guest.awaitResident();
    }
  }

  RestoreReport restore(RunningQemu into, RestoreMode mode, boolean paused) {
    GuestRestore request = GuestRestore.of(file(), into.qmp()).mode(mode);
    try (RestoredGuest guest = restore(paused ? request.paused() : request)) {
      return guest.awaitResident();
    }
  }

  RestoredGuest restore(GuestRestore request) {
    return request.listener(recorder).run();
  }

  /** The firmware of a QEMU, as the guest sees it. */
  Path firmware(TestedQemu version, Path file) throws IOException {
    List<String> command =
        GuestSpec.small().with("-S").command(version.binary(), directory, "firmware");
    try (RunningQemu qemu = RunningQemu.start(command, directory, "firmware")) {
      qemu.observer()
          .execute(
              "pmemsave",
              Map.of("val", 0xfffc_0000L, "size", 1 << 18, "filename", file.toString()));
    }
    return file;
  }

  /** The names in the directory that begin as the save's does. */
  List<String> leftFiles() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(each -> each.getFileName().toString())
          .filter(name -> name.contains("guest.save"))
          .toList();
    }
  }

  void assertNoFileLeft() throws IOException {
    assertThat(leftFiles()).isEmpty();
  }
}
