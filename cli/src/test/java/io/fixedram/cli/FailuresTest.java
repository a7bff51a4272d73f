// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.OutputOptions;
import io.fixedram.cli.console.OutputOptions.Progress;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.console.Terminal;
import io.fixedram.cli.host.CommandStarter;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.qemu.restore.RestoreListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each failure has its exit status and its sentence. */
class FailuresTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Console console(boolean verbose) {
    err.reset();
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            err,
            StandardCharsets.UTF_8,
            false,
            false,
            80);
    return new Console(terminal, new OutputOptions(false, Progress.NEVER, false, verbose));
  }

  private int tell(Throwable failure, boolean verbose) {
    return Failures.tell(failure, console(verbose));
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatIsDoneComesBeforeAnyFailure() {
    Console console = console(false);
    console.done("X is complete");
    assertThat(Failures.tell(new StorageException("why", 28), console)).isEqualTo(1);
    assertThat(said()).isEqualTo("fixedram: X is complete, but why\n");
    err.reset();
    assertThat(Failures.tell(new CancelledException(), console)).isEqualTo(130);
    assertThat(said()).isEqualTo("fixedram: X is complete, but interrupted\n");
  }

  @Test
  void damageIsThree() {
    assertThat(tell(new DamagedSaveException("a b c"), false)).isEqualTo(3);
    assertThat(said()).isEqualTo("fixedram: a b c\n");
  }

  @Test
  void otherFailuresAreOne() {
    assertThat(tell(new FixedRamException("why"), false)).isEqualTo(1);
    assertThat(tell(new UnsupportedSaveException("why"), false)).isEqualTo(1);
    assertThat(tell(new StorageException("why", 28), false)).isEqualTo(1);
    assertThat(said()).isEqualTo("fixedram: why\n");
  }

  @Test
  void whatCanBeDoneFollows() {
    FixedRamException cause = new FixedRamException("why", Remedy.USE_STREAM);
    assertThat(tell(new FixedRamException("it failed: why", cause, Remedy.LEAVE_PAUSED), false))
        .isEqualTo(1);
    assertThat(said())
        .isEqualTo(
            "fixedram: it failed: why; --paused leaves it stopped; --via stream works here\n");
  }

  /** Who hands on what a restore tells must hand on the remedies too. */
  @Test
  void whatCanBeDoneFollowsWarningsAndNotes() {
    Reason reason = Reason.of("why", Remedy.LEAVE_PAUSED);
    Console console = console(true);
    try (ProgressDisplay progress = new ProgressDisplay(console);
        CommandStarter starter = CommandStarter.detached(false)) {
      for (RestoreListener listener :
          List.of(RestoreCommand.listener(progress, starter), RestoreListener.of(progress))) {
        err.reset();
        listener.warning(reason);
        listener.note(reason);
        assertThat(said())
            .isEqualTo(
                """
                fixedram: warning: why; --paused leaves it stopped
                fixedram: why; --paused leaves it stopped
                """);
      }
    }
  }

  @Test
  void interruptionSaysWhetherAllWasPutBack() {
    assertThat(tell(new CancelledException(), false)).isEqualTo(130);
    assertThat(said()).isEqualTo("fixedram: interrupted, and everything put back\n");
    Console console = console(false);
    console.warning("the guest could not be let run on");
    assertThat(Failures.tell(new CancelledException(), console)).isEqualTo(130);
    assertThat(said()).endsWith("fixedram: interrupted\n");
  }

  @Test
  void nativeAccessRefusedNamesTheFlag() {
    assertThat(
            tell(new ExceptionInInitializerError(new IllegalCallerException("restricted")), false))
        .isEqualTo(1);
    assertThat(said()).contains("--enable-native-access=io.fixedram.core").hasLineCount(1);
  }

  @Test
  void outOfMemoryIsASentence() {
    assertThat(tell(new OutOfMemoryError("Java heap space"), false)).isEqualTo(1);
    assertThat(said()).startsWith("fixedram: out of memory (Java heap space)").hasLineCount(1);
  }

  @Test
  void mistakesOfOurOwnShowTheirTraceOnRequestOnly() {
    RuntimeException mistake = new IllegalStateException("what?");
    assertThat(tell(mistake, false)).isEqualTo(1);
    assertThat(said())
        .startsWith("fixedram: internal error (java.lang.IllegalStateException: what?)")
        .contains("report it")
        .hasLineCount(1);
    assertThat(tell(mistake, true)).isEqualTo(1);
    assertThat(said()).contains("io.fixedram.cli.FailuresTest.mistakes");
  }

  @Test
  void closedStandardOutputIsASentence() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(), closed, err, StandardCharsets.UTF_8, false, false, 80);
    assertThat(Main.run(List.of("info", "--help"), terminal, new Cancellation())).isEqualTo(1);
    assertThat(said())
        .isEqualTo("fixedram: the result cannot be written to standard output: Broken pipe\n");
  }
}
