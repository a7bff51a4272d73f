// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.console.OutputOptions.Progress;
import io.fixedram.qemu.transfer.TransferView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Who is told what, and where. */
class ConsoleTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Console console(OutputOptions options, boolean errIsTerminal) {
    return new Console(
        new Terminal(
            InputStream.nullInputStream(),
            out,
            err,
            StandardCharsets.UTF_8,
            false,
            errIsTerminal,
            80),
        options);
  }

  private static OutputOptions options(boolean json, boolean quiet, boolean verbose) {
    return new OutputOptions(json, Progress.ON_A_TERMINAL, quiet, verbose);
  }

  private static void sayAll(Console console) {
    console.result("result\n");
    console.json(json -> json.writeNumberProperty("n", 1));
    console.note("note");
    console.warning("warning");
    console.failure("failure");
  }

  @Test
  void usually() {
    sayAll(console(options(false, false, false), false));
    assertThat(out).hasToString("result\n");
    assertThat(err).hasToString("fixedram: warning: warning\nfixedram: failure\n");
  }

  @Test
  void json() {
    sayAll(console(options(true, false, true), false));
    assertThat(out).hasToString("{\"n\":1}\n");
    assertThat(err).hasToString("fixedram: note\nfixedram: warning: warning\nfixedram: failure\n");
  }

  @Test
  void quiet() {
    sayAll(console(options(false, true, false), false));
    assertThat(out).hasToString("");
    assertThat(err).hasToString("fixedram: failure\n");
  }

  @Test
  void quietJsonIsStillJson() {
    sayAll(console(options(true, true, false), false));
    assertThat(out).hasToString("{\"n\":1}\n");
  }

  @Test
  void textOfOthersCannotSteerTheTerminal() {
    Console console = console(options(false, false, false), false);
    console.result("block \033[2J\u009b1m\r\tx\nü\n");
    console.failure("cannot read \033]0;title\007");
    assertThat(out).hasToString("block \\x1b[2J\\x9b1m\\r\\tx\nü\n");
    assertThat(err).hasToString("fixedram: cannot read \\x1b]0;title\\x07\n");
  }

  @Test
  void textOfOthersCannotLookLikeALineOfOurs() {
    Console console = console(options(false, false, true), false);
    String name = "a\nfixedram: b\u2028c\u202ed";
    String shown = "a\\nfixedram: b\\u2028c\\u202ed";
    console.resultLine("saved " + name);
    assertThat(out).hasToString("saved " + shown + "\n");
    console.failure(name);
    console.warning(name);
    console.note(name);
    console.resultAside(name);
    assertThat(err)
        .hasToString(
            "fixedram: %1$s\nfixedram: warning: %1$s\nfixedram: %1$s\n%1$s\n".formatted(shown));
    Table table = new Table();
    table.row(name, "1");
    assertThat(table.text("")).isEqualTo(shown + "  1\n");
    assertThat(JsonObject.text(json -> json.writeStringProperty("n", "\n\u007f\u009b\u202eü")))
        .isEqualTo("{\"n\":\"\\n\\u007f\\u009b\\u202eü\"}");
  }

  @Test
  void messagesReplaceTheProgressLineWhichComesBack() {
    Console console = console(options(false, false, false), true);
    console.showProgress("50%");
    console.warning("slow");
    console.showProgress("60%");
    console.clearProgress();
    console.clearProgress();
    assertThat(err)
        .hasToString(
            "\r50%\033[K" + "\r\033[Kfixedram: warning: slow\n50%" + "\r60%\033[K" + "\r\033[K");
  }

  @Test
  void resultsReplaceTheProgressLine() {
    Console console = console(options(false, false, false), true);
    console.showProgress("50%");
    console.result("saved\n");
    assertThat(err).hasToString("\r50%\033[K\r\033[K");
    assertThat(out).hasToString("saved\n");
  }

  @Test
  void pausedProgressShowsTheNextTransferOnly() throws InterruptedException {
    try (ProgressDisplay display =
        new ProgressDisplay(console(options(false, false, false), true))) {
      display.started(new Half());
      waitForText("50%");
      display.pause();
      String before = err.toString(StandardCharsets.UTF_8);
      Thread.sleep(300);
      assertThat(err).hasToString(before);
      err.reset();
      display.started(new Half());
      waitForText("50%");
    }
    assertThat(err.toString(StandardCharsets.UTF_8)).endsWith("\r\033[K");
  }

  @Test
  void standardErrorThatNobodyReadsIsNoFailure() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    Console console =
        new Console(
            new Terminal(
                InputStream.nullInputStream(),
                out,
                closed,
                StandardCharsets.UTF_8,
                false,
                true,
                80),
            options(false, false, false));
    console.showProgress("50%");
    console.warning("slow");
    console.clearProgress();
    console.result("saved\n");
    assertThat(out).hasToString("saved\n");
  }

  @Test
  void progressIsShownOnATerminalAndTakenAway() throws InterruptedException {
    try (ProgressDisplay display =
        new ProgressDisplay(console(options(false, false, false), true))) {
      display.started(new Half());
      waitForText("50%");
    }
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("\rsaving ███").endsWith("\r\033[K");
  }

  @Test
  void progressIsNotShownElsewhere() throws InterruptedException {
    try (ProgressDisplay display =
        new ProgressDisplay(console(options(false, false, false), false))) {
      display.started(new Half());
      Thread.sleep(300);
    }
    assertThat(err).hasToString("");
  }

  @Test
  void progressIsLoggedOnRequest() throws InterruptedException {
    OutputOptions always = new OutputOptions(false, Progress.ALWAYS, false, false);
    try (ProgressDisplay display = new ProgressDisplay(console(always, false))) {
      display.started(new Half());
      waitForText("\n");
    }
    assertThat(err).hasToString("saving: 50%, 512 bytes of 1 KiB\n");
  }

  private void waitForText(String text) throws InterruptedException {
    long until = System.nanoTime() + 20_000_000_000L;
    while (!err.toString(StandardCharsets.UTF_8).contains(text) && System.nanoTime() < until) {
      Thread.sleep(10);
    }
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(text);
  }

  /** A transfer that stands still in the middle. */
  private static final class Half implements TransferView {
    @Override
    public long ramBytes() {
      return 1024;
    }

    @Override
    public long doneBytes() {
      return 512;
    }

    @Override
    public long dataBytes() {
      return 512;
    }

    @Override
    public long transferredBytes() {
      return 512;
    }

    @Override
    public long passes() {
      return 1;
    }

    @Override
    public long dirtyPagesPerSecond() {
      return 0;
    }

    @Override
    public String phase() {
      return "saving";
    }
  }
}
