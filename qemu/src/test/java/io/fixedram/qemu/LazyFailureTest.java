// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong while a guest runs with a part of its memory only. */
class LazyFailureTest extends QemuTest {
  /** Large enough for something to happen while pages are served. */
  private static final GuestSpec LARGE =
      GuestSpec.small()
          .withRam(400)
          .running(new MemoryGuest(List.of(new Region(16 << 20, 60_000)), 0));

  /** A second, with the time that a busy machine takes. */
  private static final Duration SOON = Duration.ofSeconds(4);

  @TempDir static Path saves;

  private final Cancellation cancellation = new Cancellation();

  @AfterEach
  void endWhatIsLeft() {
    children().forEach(ProcessHandle::destroyForcibly);
  }

  private static List<ProcessHandle> children() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
  }

  /** A name of the one save that all tests of a QEMU share. */
  private void saveGuest(TestedQemu version) throws Exception {
    Path saved = saves.resolve(version.name());
    if (!Files.exists(saved)) {
      try (RunningQemu source = boot(version, LARGE)) {
        source.awaitGeneration(1);
        save(request(source).stopFirst());
      }
      Files.move(file(), saved);
    }
    Files.createLink(file(), saved);
  }

  /** The same with a copy of its own, to be changed. */
  private void copySavedGuest(TestedQemu version) throws Exception {
    saveGuest(version);
    Files.delete(file());
    Files.copy(saves.resolve(version.name()), file());
  }

  private CompletableFuture<RestoredGuest> restoring(GuestRestore target) {
    GuestRestore request = target.mode(RestoreMode.LAZY);
    CompletableFuture<RestoredGuest> restored =
        CompletableFuture.supplyAsync(
            () -> request.listener(recorder).cancellation(cancellation).run(),
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
    return restoring(GuestRestore.of(file(), target.qmp()));
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
    copySavedGuest(version);
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
    copySavedGuest(version);
    CompletableFuture<RestoredGuest> restoring =
        restoring(GuestRestore.of(file(), command(version)));
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
        restoring(GuestRestore.of(file(), command(version)));
    try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(directory.resolve("own.qmp")))) {
      qmp.execute("quit");
    }
    try (RestoredGuest guest = restoring.join()) {
      assertThat(guest.awaitResident().serving().orElseThrow().residentSeconds()).isEmpty();
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
      assertThat(recorder.warnings())
          .anyMatch(text -> text.contains("a second request stops the guest"));
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
        restoring(GuestRestore.of(file(), command(version)));
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
          restoring(GuestRestore.of(file(), proxy.endpoint()));
      proxy.cut();
      restoring.join().close();
      assertThat(recorder.warnings())
          .anyMatch(
              text -> text.contains("closed " + unchecked(proxy)) && text.contains("all pages of"));
      target.assertGoesOn();
      assertThat(target.observer().execute("query-migrate").get("status").text())
          .isEqualTo("completed");
    }
  }

  private static String unchecked(QmpProxy proxy) {
    try {
      return proxy.endpoint().toString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Settings that can't be put back end no guest, and who interrupts need not wait for them. */
  @ParameterizedTest
  @EnumSource
  void silentQmpEndsNoGuest(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE);
        QmpProxy proxy = QmpProxy.to(target.qmp())) {
      CompletableFuture<RestoredGuest> restoring =
          restoring(GuestRestore.of(file(), proxy.endpoint()));
      proxy.silence();
      // Written once QEMU has said that it has all pages.
      Path hot = file().resolveSibling(file().getFileName() + ".hot");
      RunningQemu.await("all pages", () -> Files.exists(hot));
      assertThat(restoring).isNotDone();
      long beganNanos = System.nanoTime();
      assertThat(cancellation.cancel()).isTrue();
      restoring.join().close();
      assertThat(Duration.ofNanos(System.nanoTime() - beganNanos)).isLessThan(SOON);
      assertThat(recorder.warnings()).anyMatch(text -> text.contains("could not be put back"));
      target.assertGoesOn();
    }
  }

  /** CPUs that wait for pages, which can't come, do not even stop. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, true", "QEMU_10, false"})
  void lostPagesAreToldInTime(TestedQemu version, boolean hangs) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE);
        PageProxy proxy = PageProxy.to(target.qmp(), directory)) {
      CompletableFuture<RestoredGuest> restoring =
          restoring(GuestRestore.of(file(), proxy.endpoint()));
      if (hangs) {
        signal("STOP", target.process().pid());
      }
      long beganNanos = System.nanoTime();
      proxy.cutPages();
      assertThat(failure(restoring))
          .hasMessageContainingAll("closed the connection", "does not answer: kill it");
      assertThat(Duration.ofNanos(System.nanoTime() - beganNanos))
          .isLessThan(Duration.ofSeconds(13));
    }
  }

  @ParameterizedTest
  @EnumSource
  void lostPagesEndAQemuOfOurs(TestedQemu version) throws Exception {
    saveGuest(version);
    CompletableFuture<RestoredGuest> restoring =
        restoring(GuestRestore.of(file(), command(version)));
    try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(directory.resolve("own.qmp")))) {
      qmp.execute("yank", Map.of("instances", List.of(Map.of("type", "migration"))));
    }
    assertThat(failure(restoring)).hasMessageContaining("closed the connection");
    assertThat(children()).isEmpty();
  }

  static void signal(String name, long pid) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid)).inheritIO().start().waitFor();
  }

  /** QEMU has all pages, and says so over QMP alone. */
  @ParameterizedTest
  @EnumSource
  void closedOnceAllWasThere(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE);
        PageProxy proxy = PageProxy.to(target.qmp(), directory)) {
      restoring(GuestRestore.of(file(), proxy.endpoint())).join().close();
      target.assertGoesOn();
      assertThat(target.observer().execute("query-migrate").get("status").text())
          .isEqualTo("completed");
    }
  }

  @ParameterizedTest
  @EnumSource
  void listenerThatFailsEndsNoGuest(TestedQemu version) throws Exception {
    saveGuest(version);
    try (RunningQemu target = waiting(version, LARGE)) {
      recorder.whenTold(() -> {
        throw new IllegalStateException("interposed");
      });
      CompletableFuture<RestoredGuest> restoring = restoring(target);
      Files.delete(file());
      restoring.join().close();
      assertThat(recorder.warnings())
          .anyMatch(text -> text.contains("was renamed, replaced or deleted"));
      target.assertGoesOn();
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
      assertThat(recorder.warnings())
          .anyMatch(text -> text.contains("was renamed, replaced or deleted"));
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
      for (SaveMode mode : List.of(SaveMode.AUTO, SaveMode.MEMORY, SaveMode.STREAM)) {
        GuestSave request =
            GuestSave.of(target.spareQmp(), directory.resolve("second.save"))
                .mode(mode)
                .then(AfterSave.RESUME)
                .maxPasses(MAX_PASSES);
        assertThatThrownBy(() -> request.listener(new Recorder()).run())
            .as("%s", mode)
            .isInstanceOf(FixedRamException.class)
            .hasMessageContaining("postcopy-active")
            .hasMessageContaining("wait for its end");
      }
      restoring.join().close();
      target.assertGoesOn();
    }
  }
}
