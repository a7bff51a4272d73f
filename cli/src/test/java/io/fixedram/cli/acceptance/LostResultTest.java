// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.TinySave;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done is told, also where the result of a command can't be written. */
class LostResultTest {
  private static final String NOT_WRITTEN =
      ", but the result cannot be written to standard output: ";

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  private Result shell(String line) throws IOException, InterruptedException {
    try (Launcher launcher =
        Launcher.shell(directory, "cd '" + directory + "'; F=" + Launcher.quoted() + "; " + line)) {
      return launcher.result();
    }
  }

  private void assertDone(Result result, String what) {
    assertThat(result.err()).contains("fixedram: " + what + NOT_WRITTEN).hasLineCount(1);
    assertThat(result.status()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {">/dev/full", ">&-", "| true"})
  void completeFilesAreNamed(String output) throws IOException, InterruptedException {
    TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
    TinySave.write(directory.resolve("stream"), SaveFormat.STREAM);
    for (String form : new String[] {"human", "json"}) {
      assertDone(
          shell(
              "$F convert save converted --to mapped-ram --output %s %s; exit ${PIPESTATUS[0]}"
                  .formatted(form, output)),
          "converted is complete");
      assertDone(
          shell(
              "$F receive received --listen - --output %s < stream %s; exit ${PIPESTATUS[0]}"
                  .formatted(form, output)),
          "received is complete");
    }
    TinySave.assertSame(directory.resolve("converted"), directory.resolve("save"));
    TinySave.assertSame(directory.resolve("received"), directory.resolve("save"));
  }

  /** The first file that a program opens gets the number of a stream that is closed. */
  @Test
  void closedStreamsAreNotTakenByFiles() throws IOException, InterruptedException {
    TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
    Result result = shell("$F convert save converted --to mapped-ram <&- >&- 2>&-");
    assertThat(result.status()).isEqualTo(1);
    TinySave.assertSame(directory.resolve("converted"), directory.resolve("save"));
    assertDone(shell("$F convert save converted --to mapped-ram <&- >&-"), "converted is complete");
    Result input = shell("$F convert - converted --to mapped-ram <&-");
    assertThat(input.status()).isEqualTo(1);
    assertThat(input.err()).contains("cannot read from standard input").hasLineCount(1);
  }

  @Test
  @Tag("qemu")
  void guestsGoOn() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path image = Vm.image(directory, 16);
    try (Vm vm = Vm.start(directory, "vm", Vm.command(qemu, image, 64, "null"))) {
      assertDone(
          shell("$F save --qmp %s saved --stop --via stream >/dev/full".formatted(vm.qmp())),
          "saved is complete, and the guest is paused");
    }
    try (Vm vm =
        Vm.start(directory, "copy", Vm.command(qemu, image, 64, "null"), "-incoming", "defer")) {
      assertDone(
          shell("$F restore saved --qmp %s --via stream >/dev/full".formatted(vm.qmp())),
          "the guest of saved is back and running");
      assertThat(vm.status()).isEqualTo("running");
    }
    String command = String.join("' '", Vm.command(qemu, image, 64, "null"));
    Path pid = directory.resolve("pid");
    try (Launcher restore =
        Launcher.shell(
            directory,
            "cd '%s'; exec %s restore saved --via stream --output json -- '%s' -pidfile pid >/dev/full"
                .formatted(directory, Launcher.quoted(), command))) {
      long until = System.nanoTime() + 60_000_000_000L;
      while (!restore.err().contains("cannot be written") && System.nanoTime() < until) {
        Thread.sleep(20);
      }
      assertThat(restore.err())
          .contains(
              "fixedram: warning: the guest in saved is restored, though the result cannot be"
                  + " written");
      assertThat(restore.isRunning()).isTrue();
      assertThat(Files.exists(pid)).isTrue();
      restore.signal("TERM");
      assertThat(restore.result().status()).as(restore.err()).isZero();
    }
  }
}
