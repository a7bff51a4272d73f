// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.os.Cancellation;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong while a guest runs with a part of its memory only. */
class LazyFailureTest extends QemuTest {
  /** Large enough for something to happen while pages are served. */
  private static final GuestSpec LARGE =
      GuestSpec.small()
          .withRam(400)
          .running(new MemoryGuest(List.of(new Region(16 << 20, 60_000)), 0));

  @TempDir static Path saves;

  private final Cancellation cancellation = new Cancellation();

  @AfterEach
  void endWhatIsLeft() {
    children().forEach(ProcessHandle::destroyForcibly);
  }

  private static List<ProcessHandle> children() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
  }

  /** A copy of the one save that all tests of a QEMU share. */
  private void saveGuest(TestedQemu version) throws Exception {
    Path saved = saves.resolve(version.name());
    if (!Files.exists(saved)) {
      try (RunningQemu source = boot(version, LARGE)) {
        source.awaitGeneration(1);
        save(stopFirst(request(source)));
      }
      Files.move(file(), saved);
    }
    Files.copy(saved, file());
  }

  private CompletableFuture<RestoredGuest> restoring(RestoreTarget target) {
    RestoreRequest request = new RestoreRequest(file(), RestoreVia.LAZY, false, false, target);
    CompletableFuture<RestoredGuest> restored =
        CompletableFuture.supplyAsync(
            () -> GuestRestore.run(request, recorder, cancellation),
            task -> Thread.ofPlatform().start(task));
    RunningQemu.await(
        "the guest to run",
        () ->
            restored.isDone()
                || recorder
                    .view()
                    .flatMap(TransferView::serving)
                    .filter(serving -> serving.runningSeconds().isPresent())
                    .isPresent());
    assertThat(restored).as("not resident yet").isNotDone();
    return restored;
  }

  private CompletableFuture<RestoredGuest> restoring(RunningQemu target) {
    return restoring(new RestoreTarget.Running(target.qmp()));
  }

  private static FixedRamException failure(CompletableFuture<RestoredGuest> restoring) {
    try {
      restoring.join();
      throw new AssertionError("the guest is restored");
    } catch (CompletionException e) {
      if (e.getCause() instanceof FixedRamException failure) {
        return failure;
      }
      throw e;
    }
  }

  private void truncate() throws Exception {
    long position;
    try (PageStore save = Saves.open(file())) {
      position = save.places().getFirst().pagesOffset() + (64 << 20);
    }
    try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      channel.truncate(position);
    }
  }

  @ParameterizedTest
  @EnumSource
  void truncatedSaveStopsTheGuest(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      truncate();
      assertThat(failure(restoring))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContainingAll(file().toString(), "is stopped and must not go on");
      assertThat(target.status()).isEqualTo("paused");
      // What it did not need for its stop it has not got, not even as zeros.
      assertThat(target.observer().execute("query-migrate").get("status").text())
          .isNotEqualTo("completed");
      assertQuits(target);
    }
  }

  private static void assertQuits(RunningQemu target) throws InterruptedException {
    target.observer().execute("quit");
    assertThat(target.process().waitFor()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void truncatedSaveEndsAQemuOfOurs(TestedQemu version) throws Exception {
    saveGuest(version);
    CompletableFuture<RestoredGuest> restoring =
        restoring(new RestoreTarget.Command(command(version)));
    truncate();
    assertThat(failure(restoring))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageEndingWith("its QEMU was ended");
    assertThat(children()).isEmpty();
  }

  private List<String> command(TestedQemu version) {
    Path qmp = directory.resolve("own.qmp");
    return LARGE
        .with("-qmp", "unix:" + qmp + ",server=on,wait=off")
        .command(version.binary(), directory, "restored");
  }

  @ParameterizedTest
  @EnumSource
  void qemuKilled(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      target.kill();
      assertThat(failure(restoring)).hasMessageContaining("ended while it loaded " + file());
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsByItself(TestedQemu version) throws Exception {
    saveGuest(version);
    CompletableFuture<RestoredGuest> restoring =
        restoring(new RestoreTarget.Command(command(version)));
    try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(directory.resolve("own.qmp")))) {
      qmp.execute("quit");
    }
    try (RestoredGuest guest = restoring.join()) {
      assertThat(guest.report().serving().orElseThrow().residentSeconds()).isEmpty();
      assertThat(guest.waitForExit()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void firstRequestToEndIsRefused(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      assertThat(cancellation.cancel()).isFalse();
      assertThat(recorder.warnings()).anyMatch(text -> text.contains("interrupt once more"));
      restoring.join().close();
      target.assertGoesOn();
      assertThat(cancellation.cancel()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void secondRequestToEndIsHeard(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      assertThat(cancellation.cancel()).isFalse();
      assertThat(cancellation.cancel()).isTrue();
      assertThat(failure(restoring)).isInstanceOf(CancelledException.class);
      assertThat(recorder.warnings()).anyMatch(text -> text.contains("end that QEMU"));
      assertThat(target.status()).isEqualTo("paused");
      assertQuits(target);
    }
  }

  @ParameterizedTest
  @EnumSource
  void secondRequestEndsAQemuOfOurs(TestedQemu version) throws Exception {
    saveGuest(version);
    CompletableFuture<RestoredGuest> restoring =
        restoring(new RestoreTarget.Command(command(version)));
    assertThat(cancellation.cancel()).isFalse();
    assertThat(cancellation.cancel()).isTrue();
    assertThat(failure(restoring)).isInstanceOf(CancelledException.class);
    assertThat(children()).isEmpty();
  }

  /** The guest needs nothing but its pages. */
  @ParameterizedTest
  @EnumSource
  void lostQmpDoesNotCutThePages(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE);
        QmpProxy proxy = QmpProxy.to(target.qmp())) {
      CompletableFuture<RestoredGuest> restoring =
          restoring(new RestoreTarget.Running(proxy.endpoint()));
      proxy.cut();
      assertThat(failure(restoring))
          .isNotInstanceOf(QemuGoneException.class)
          .hasMessageContainingAll(proxy.endpoint().toString(), "all pages of " + file());
      target.assertGoesOn();
      assertThat(target.observer().execute("query-migrate").get("status").text())
          .isEqualTo("completed");
    }
  }

  @ParameterizedTest
  @EnumSource
  void replacedSaveIsServedToItsEnd(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      Path other = Files.writeString(directory.resolve("other"), "no save");
      Files.move(other, file(), StandardCopyOption.REPLACE_EXISTING);
      restoring.join().close();
      assertThat(recorder.warnings()).anyMatch(text -> text.contains("has lost its name"));
      target.assertGoesOn();
      assertThat(leftFiles()).as("no hot pages beside another file").containsExactly("guest.save");
    }
  }

  @ParameterizedTest
  @EnumSource
  void cannotBeSavedMeanwhile(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      SaveRequest request =
          new SaveRequest(
              target.spareQmp(),
              directory.resolve("second.save"),
              request(target).format(),
              false,
              AfterSave.RESUME,
              request(target).options(),
              MAX_PASSES);
      assertThatThrownBy(() -> GuestSave.run(request, new Recorder(), new Cancellation()))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("postcopy-active")
          .hasMessageContaining("wait for its end");
      restoring.join().close();
      target.assertGoesOn();
    }
  }
}
