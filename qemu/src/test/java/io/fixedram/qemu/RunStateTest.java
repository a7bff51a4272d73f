// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.SavedRunState;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.stream.Conversion;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The state that a guest was saved in is the one that it has after a restore. */
class RunStateTest extends QemuTest {

  private int started;

  /** One more QEMU in this directory. */
  private RunningQemu another(TestedQemu version) throws IOException {
    GuestSpec spec = GuestSpec.small().with("-no-shutdown");
    return RunningQemu.waiting(version, spec, directory, "restored" + started++);
  }

  private String savedState() {
    try (PageStore save = Saves.open(file())) {
      return SavedRunState.of(save.deviceState()).orElseThrow().name();
    }
  }

  /** As if the guest had been in another state; its section has room for every name. */
  private void haveSavedIn(TestedQemu version, String state) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertThat(savedState()).isEqualTo("paused");
    removeSeal();
    byte[] head = "\013globalstate\0\0\0\0\0\0\0\1".getBytes(StandardCharsets.ISO_8859_1);
    byte[] tail;
    long from;
    try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
      tail = new byte[(int) Math.min(file.length(), 1 << 20)];
      from = file.length() - tail.length;
      file.seek(from);
      file.readFully(tail);
      int at =
          new String(tail, StandardCharsets.ISO_8859_1)
              .indexOf(new String(head, StandardCharsets.ISO_8859_1));
      file.seek(from + at + head.length);
      file.writeInt(state.length() + 1);
      file.writeBytes(state);
      file.writeByte(0);
    }
    assertThat(savedState()).isEqualTo(state);
  }

  /** Has the file without checksums, so that it can be changed. */
  private void removeSeal() throws IOException {
    Path plain = directory.resolve("plain");
    try (PageStore save = Saves.open(file())) {
      new Conversion(save, recorder, new Cancellation())
          .toFile(plain, SaveFormat.MAPPED_RAM, WriteOptions.defaults().notSealed());
    }
    Files.move(plain, file(), StandardCopyOption.REPLACE_EXISTING);
  }

  private void saveInReality(TestedQemu version, GuestSpec spec, String state, String... commands)
      throws IOException {
    try (RunningQemu source = boot(version, spec)) {
      for (String command : commands) {
        source.observer().execute(command);
      }
      RunningQemu.await(state, () -> source.status().equals(state));
      save(request(source).then(AfterSave.QUIT));
    }
    assertThat(savedState()).isEqualTo(state);
    Files.deleteIfExists(directory.resolve("source.serial"));
  }

  private void assertState(TestedQemu version, RestoreMode mode, boolean paused, String state)
      throws IOException {
    try (RunningQemu qemu = another(version)) {
      assertThat(restore(qemu, mode, paused).guest()).isEqualTo(state);
      assertThat(qemu.status()).as("via %s, paused %s", mode, paused).isEqualTo(state);
    }
  }

  private static List<RestoreMode> ways(TestedQemu version) {
    return version == TestedQemu.QEMU_7
        ? List.of(RestoreMode.AUTO, RestoreMode.STREAM)
        : List.of(RestoreMode.AUTO, RestoreMode.STREAM, RestoreMode.NATIVE);
  }

  private void assertNotServed(TestedQemu version, String state) throws IOException {
    try (RunningQemu qemu = another(version)) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.LAZY))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(new LazyObstacle.StateForgotten(file().toString(), state)))
          .hasMessageContaining("restore mode lazy is not possible: ")
          .hasMessageContaining("holds a guest in the state '" + state + "'");
    }
  }

  /** QEMU stops a guest that is reset for good. */
  @ParameterizedTest
  @EnumSource
  void guestThatHasShutDown(TestedQemu version) throws Exception {
    saveInReality(version, GuestSpec.small().with("-no-shutdown"), "shutdown", "system_reset");
    for (RestoreMode mode : ways(version)) {
      assertState(version, mode, false, "shutdown");
      assertState(version, mode, true, "shutdown");
    }
    assertNotServed(version, "shutdown");
    assertThat(recorder.warnings())
        .contains(
            file()
                + " is loaded, and its guest in the state 'shutdown': QMP 'system_reset' and 'cont'"
                + " start it anew");
  }

  @ParameterizedTest
  @EnumSource
  void guestThatHasNotRunYet(TestedQemu version) throws Exception {
    saveInReality(version, GuestSpec.small().with("-S"), "prelaunch");
    for (RestoreMode mode : ways(version)) {
      assertState(version, mode, true, "prelaunch");
      assertState(version, mode, false, "running");
    }
    assertNotServed(version, "prelaunch");
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7, guest-panicked", "QEMU_7, io-error", "QEMU_7, internal-error", "QEMU_7, watchdog",
    "QEMU_10, guest-panicked", "QEMU_10, io-error", "QEMU_10, internal-error", "QEMU_10, watchdog"
  })
  void guestThatMetSomething(TestedQemu version, String state) throws Exception {
    haveSavedIn(version, state);
    for (RestoreMode mode : ways(version)) {
      assertState(version, mode, false, state);
    }
    assertState(version, RestoreMode.AUTO, true, state);
    assertNotServed(version, state);
  }

  @ParameterizedTest
  @EnumSource
  void guestThatSleeps(TestedQemu version) throws Exception {
    haveSavedIn(version, "suspended");
    assertState(version, RestoreMode.STREAM, false, "suspended");
    assertNotServed(version, "suspended");
  }

  @Test
  void mappedGuest() throws Exception {
    haveSavedIn(TestedQemu.QEMU_10, "guest-panicked");
    List<String> command =
        GuestSpec.small().command(TestedQemu.QEMU_10.binary(), directory, "restored");
    GuestRestore request = GuestRestore.of(file(), command).mode(RestoreMode.INSTANT);
    RestoredGuest guest = restore(request);
    assertThat(guest.awaitResident().guest()).isEqualTo("guest-panicked");
    guest.terminate();
    guest.close();
  }

  @ParameterizedTest
  @EnumSource
  void stateThatQemuAbortsOver(TestedQemu version) throws Exception {
    haveSavedIn(version, "debug");
    try (RunningQemu qemu = another(version)) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.AUTO))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("holds a guest in the state 'debug', which QEMU aborts over");
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  /** A guest that ran: whatever the way, it is as it was asked for. */
  @ParameterizedTest
  @EnumSource
  void guestThatRan(TestedQemu version) throws Exception {
    saveInReality(version, GuestSpec.small(), "running");
    for (RestoreMode mode : ways(version)) {
      assertState(version, mode, true, "paused");
      assertState(version, mode, false, "running");
    }
  }
}
