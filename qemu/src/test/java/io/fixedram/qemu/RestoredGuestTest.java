// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.PreparedRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreState;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Restores by a program that follows them, or that starts QEMU itself. */
class RestoredGuestTest extends QemuTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @AfterEach
  void endWhatIsLeft() {
    ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
  }

  private List<String> command(TestedQemu version) {
    return GuestSpec.small().command(version.binary(), directory, "restored");
  }

  private Process start(PreparedRestore prepared) throws Exception {
    return new ProcessBuilder(prepared.command())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("own.log").toFile())
        .start();
  }

  private boolean isHeld() {
    try (Descriptor descriptor = Descriptor.open(file(), Descriptor.Mode.READ)) {
      return !descriptor.locks().tryLock(false);
    }
  }

  private static List<String> events(QmpClient qmp) {
    List<String> names = new ArrayList<>();
    Optional<QmpEvent> event = qmp.nextEvent(Duration.ZERO);
    while (event.isPresent()) {
      names.add(event.get().name());
      event = qmp.nextEvent(Duration.ZERO);
    }
    return names;
  }

  /** In the best mode for a save that is not small. */
  private GuestRestore mapped() {
    return GuestRestore.of(file(), command(TestedQemu.QEMU_10)).inPlaceWithin(Duration.ZERO);
  }

  @ParameterizedTest
  @CsvSource({"QEMU_10, INSTANT, INSTANT", "QEMU_10, AUTO, INSTANT", "QEMU_7, AUTO, LAZY"})
  void callerStartsQemu(TestedQemu version, RestoreMode mode, RestoreMode taken) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path socket = directory.resolve("own,1.qmp");
    GuestRestore request =
        GuestRestore.of(file(), command(version))
            .mode(mode)
            .inPlaceWithin(Duration.ZERO)
            .listener(recorder);
    try (PreparedRestore prepared = request.prepare(socket)) {
      assertThat(String.join(" ", prepared.command()).contains("memory-backend-file"))
          .isEqualTo(taken == RestoreMode.INSTANT);
      Process qemu = start(prepared);
      try (RestoredGuest guest = prepared.run(qemu.toHandle(), PATIENCE)) {
        assertThat(guest.awaitResident().mode()).isEqualTo(taken);
        assertThat(guest.process()).as("not ours").isEmpty();
        assertThat(guest.waitForExit()).isZero();
        RunningQemu.assertGoesOn(saved, directory, "restored");
        assertThat(guest.qmp().execute("query-status").get("running").flag()).isTrue();
      }
      assertThat(qemu.isAlive()).isTrue();
      assertThat(isHeld()).isEqualTo(taken == RestoreMode.INSTANT);
      qemu.destroy();
      qemu.waitFor();
      assertThatThrownBy(() -> prepared.run(PATIENCE)).isInstanceOf(IllegalStateException.class);
    }
    assertThat(recorder.warnings()).isEmpty();
  }

  @Test
  void callerHasChangedTheCommand() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = mapped();
    try (PreparedRestore prepared = request.prepare(directory.resolve("own.qmp"))) {
      List<String> other = new ArrayList<>(command(TestedQemu.QEMU_10));
      other.addAll(List.of("-incoming", "defer"));
      other.addAll(List.of("-qmp", "unix:" + directory + "/own.qmp,server=on,wait=off"));
      Process qemu = new ProcessBuilder(other).inheritIO().start();
      assertThatThrownBy(() -> prepared.run(PATIENCE))
          .isInstanceOf(FixedRamException.class)
          .hasMessageStartingWith("QEMU did not start with mappings of " + file())
          .hasMessageEndingWith("; end that QEMU");
      assertThat(qemu.isAlive()).isTrue();
      assertThat(isHeld()).isFalse();
    }
  }

  @Test
  void qemuOfTheCallerEndsBeforeItListens() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = GuestRestore.of(file(), command(TestedQemu.QEMU_10));
    Path socket = directory.resolve("own.qmp");
    Process qemu = new ProcessBuilder("sh", "-c", "sleep 0.3; exit 1").start();
    try (PreparedRestore prepared = request.prepare(socket)) {
      assertThatThrownBy(() -> prepared.run(qemu.toHandle(), PATIENCE))
          .isInstanceOf(FixedRamException.class)
          .hasMessage(
              "QEMU (process "
                  + qemu.pid()
                  + ") ended before it listened at unix:"
                  + socket
                  + "; its own output says why");
      assertThat(isHeld()).isFalse();
    }
  }

  @Test
  void callerStartsNothing() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = mapped();
    Path socket = directory.resolve("own.qmp");
    request.prepare(socket).close();
    assertThat(isHeld()).isFalse();
    try (PreparedRestore prepared = request.prepare(socket)) {
      assertThat(isHeld()).isTrue();
      assertThatThrownBy(() -> prepared.run(Duration.ofMillis(50)))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("no QEMU listens at unix:" + socket + " after 0.05 s");
      assertThat(isHeld()).isFalse();
    }
    Cancellation cancellation = new Cancellation();
    try (PreparedRestore prepared = request.cancellation(cancellation).prepare(socket);
        RestoredGuest guest = prepared.start(PATIENCE)) {
      cancellation.cancel();
      assertThatThrownBy(guest::awaitRunning).isInstanceOf(CancelledException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void handleTellsOfAServedGuest(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request =
        GuestRestore.of(file(), command(version)).mode(RestoreMode.LAZY).listener(recorder);
    try (RestoredGuest guest = request.start()) {
      // Read while the restore goes on: the stream waits for each state.
      List<RestoreState> states = guest.states().toList();
      // All pages may be there before the guest is seen to run: then it is RESIDENT at once.
      assertThat(states)
          .isSorted()
          .doesNotHaveDuplicates()
          .filteredOn(state -> state != RestoreState.RUNNING)
          .containsExactly(
              RestoreState.PREPARED,
              RestoreState.STARTED,
              RestoreState.LOADING,
              RestoreState.RESIDENT);
      guest.awaitRunning();
      assertThat(guest.qmp().execute("query-status").get("running").flag()).isTrue();
      assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.LAZY);
      assertThat(guest.state()).isEqualTo(RestoreState.RESIDENT);
      assertThat(guest.view().map(TransferView::transferredBytes).orElse(0L)).isPositive();
      assertThat(recorder.states()).isEqualTo(states.subList(1, states.size()));
      assertThat(events(guest.qmp())).as("also seen by the restore").contains("RESUME");
      RunningQemu.assertGoesOn(saved, directory, "restored");
      assertThat(guest.process().orElseThrow().isAlive()).isTrue();
      guest.qmp().execute("quit");
      assertThat(guest.waitForExit()).isZero();
    }
  }

  @Test
  void handleTellsOfAMappedGuestThatStaysPaused() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = mapped().paused().listener(recorder);
    try (RestoredGuest guest = request.start()) {
      guest.awaitRunning();
      assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.INSTANT);
      assertThat(recorder.states())
          .containsExactly(RestoreState.STARTED, RestoreState.LOADING, RestoreState.RESIDENT);
      assertThat(guest.qmp().execute("query-status").get("status").text()).isEqualTo("paused");
      guest.qmp().execute("cont");
      assertThat(guest.terminate()).isZero();
    }
  }

  @Test
  void handleTellsOfAFailure() throws Exception {
    haveSaved(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    List<String> wrong = new ArrayList<>(command(TestedQemu.QEMU_7));
    wrong.addAll(List.of("-device", "none"));
    try (RestoredGuest guest = GuestRestore.of(file(), wrong).listener(recorder).start()) {
      assertThatThrownBy(guest::awaitRunning)
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("QEMU ended with status 1");
      assertThatThrownBy(guest::awaitResident).isInstanceOf(FixedRamException.class);
      assertThatThrownBy(guest::qmp)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("FAILED");
      assertThat(guest.process()).isEmpty();
      assertThat(guest.states()).containsExactly(RestoreState.PREPARED, RestoreState.FAILED);
      RunningQemu.await("the state to be told", () -> !recorder.states().isEmpty());
      assertThat(recorder.states()).containsExactly(RestoreState.FAILED);
    }
    Files.writeString(file(), "no save");
    assertThatThrownBy(() -> GuestRestore.of(file(), wrong).start())
        .isInstanceOf(FixedRamException.class);
  }

  @Test
  void onlyAQemuThatIsStartedTakesWhatItsCommandSays() {
    GuestRestore waiting = GuestRestore.of(file(), new Endpoint.Unix(directory.resolve("q")));
    assertThatThrownBy(() -> waiting.generationId(new UUID(1, 2)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> waiting.prepare(directory.resolve("p")))
        .isInstanceOf(IllegalStateException.class);
  }
}
