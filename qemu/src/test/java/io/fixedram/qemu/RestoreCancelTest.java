// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Who asks for the end of a restore is heard within a second, whatever QEMU is at. */
class RestoreCancelTest extends QemuTest {
  /** A second, with the time that a busy machine takes; who does not hear takes 5 s and more. */
  private static final Duration SOON = Duration.ofSeconds(4);

  private final Cancellation cancellation = new Cancellation();

  @AfterEach
  void endWhatIsLeft() {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
  }

  private static List<ProcessHandle> children() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
  }

  private void assertHeard(GuestRestore request, BooleanSupplier when) throws Exception {
    CompletableFuture<Long> cancelled = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          RunningQemu.await("the moment to cancel", when);
          cancelled.complete(System.nanoTime());
          cancellation.cancel();
        });
    assertThatThrownBy(() -> request.listener(recorder).cancellation(cancellation).run())
        .isInstanceOf(CancelledException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - cancelled.get(0, TimeUnit.SECONDS)))
        .isLessThan(SOON);
  }

  private GuestRestore into(RunningQemu target, RestoreMode mode) {
    return GuestRestore.of(file(), target.qmp()).mode(mode);
  }

  private GuestRestore by(String... command) {
    return GuestRestore.of(file(), List.of(command)).mode(RestoreMode.STREAM);
  }

  private static BooleanSupplier after(Duration time) {
    long nanos = System.nanoTime() + time.toNanos();
    return () -> System.nanoTime() > nanos;
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatDoesNotGreet(TestedQemu version) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      LazyFailureTest.signal("STOP", target.process().pid());
      assertHeard(into(target, RestoreMode.STREAM), after(Duration.ofMillis(500)));
    }
  }

  /** With settings that are to be put back. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_7, LAZY", "QEMU_10, NATIVE"})
  void qemuThatHangsWhenTheLoadBegins(TestedQemu version, RestoreMode mode) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      target.switchOn("multifd");
      recorder.atStart(() -> {
        try {
          LazyFailureTest.signal("STOP", target.process().pid());
        } catch (Exception e) {
          throw new AssertionError(e);
        }
      });
      assertHeard(into(target, mode), recorder::hasStarted);
      assertThat(recorder.warnings()).anyMatch(text -> text.contains("could not be put back"));
    }
  }

  /** What puts settings back has waits of its own, which no interrupt must end. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void interruptedThread(TestedQemu version, RestoreMode mode) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      target.switchOn("multifd");
      String before = target.migrationSettings();
      CompletableFuture<Throwable> failure = new CompletableFuture<>();
      GuestRestore request = into(target, mode).listener(recorder);
      Thread restorer =
          Thread.ofPlatform().unstarted(() -> failure.complete(catchThrowable(request::run)));
      recorder.atStart(() -> Interrupts.keepComing(restorer));
      restorer.start();
      assertThat(failure.get(30, TimeUnit.SECONDS)).isInstanceOf(FixedRamException.class);
      assertSettings(target, version, before);
    }
  }

  /** QEMU 7.2 exits by itself when a stream that it has accepted ends early; 10 stays. */
  private static void assertSettings(RunningQemu target, TestedQemu version, String expected)
      throws Exception {
    try {
      assertThat(target.migrationSettings()).isEqualTo(expected);
    } catch (QemuGoneException e) {
      assertThat(version).isEqualTo(TestedQemu.QEMU_7);
      assertThat(target.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(target.process().exitValue()).isEqualTo(1);
    }
  }

  @Test
  void commandThatNeverListens() throws Exception {
    haveSaved(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path ready = directory.resolve("ready");
    assertHeard(
        by("/bin/sh", "-c", "trap '' TERM; touch '" + ready + "'; while :; do sleep 1; done"),
        () -> Files.exists(ready));
    assertThat(children()).isEmpty();
  }

  /** What is asked about its memory backends. */
  @Test
  void programThatDoesNotTellItsProperties() throws Exception {
    haveSaved(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path program = directory.resolve("qemu-system-x86_64");
    Path ready = directory.resolve("ready");
    Files.writeString(program, "#!/bin/sh\ntouch '" + ready + "'\nexec sleep 60\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    GuestRestore target = GuestRestore.of(file(), List.of(program.toString(), "-m", "64M"));
    assertHeard(target, () -> Files.exists(ready));
    assertThat(children()).isEmpty();
  }
}
