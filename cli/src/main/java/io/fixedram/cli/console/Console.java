// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/**
 * What a command says: its result on standard output; messages, warnings and progress on standard
 * error. Safe for use by several threads.
 */
public final class Console {
  private static final String PROGRAM = "fixedram: ";
  private static final String CLEAR_LINE = "\r\033[K";

  private final Terminal terminal;
  private final OutputOptions options;
  private String progressLine = "";
  private volatile boolean warned;
  private Optional<String> done = Optional.empty();

  /** Speaks as the options say. */
  public Console(Terminal terminal, OutputOptions options) {
    this.terminal = terminal;
    this.options = options;
  }

  /** The streams that this console speaks through. */
  public Terminal terminal() {
    return terminal;
  }

  /** How the user wants to be told. */
  public OutputOptions options() {
    return options;
  }

  /**
   * Keeps what a command has done that lasts, so that it is told too if the result can't be
   * printed: a failure then does not look like one of the command.
   */
  public void done(String what) {
    done = Optional.of(what);
  }

  /** What was done, if that was told. */
  public Optional<String> whatIsDone() {
    return done;
  }

  /** Prints the result of a command in one line, unless it is to be quiet or to print JSON. */
  public void resultLine(String line) {
    result(Printable.line(line) + "\n");
  }

  /** The same with a result of several lines, in which names are {@link Printable}. */
  public void result(String lines) {
    if (!options.quiet() && !options.json()) {
      print(Printable.lines(lines));
    }
  }

  /** Prints the result of a command as JSON, if that was asked for. */
  public void json(Consumer<JsonGenerator> fields) {
    if (options.json()) {
      print(JsonObject.text(fields) + "\n");
    }
  }

  /** Prints the result of a command whose standard output is taken by something else. */
  public void resultAside(String line) {
    if (!options.quiet() && !options.json()) {
      toError(line);
    }
  }

  /** Tells what is being done and why, to those who asked for it. */
  public void note(String sentence) {
    if (options.verbose()) {
      toError(PROGRAM + sentence);
    }
  }

  /** Tells something that the user should know though all went well. */
  public void warning(String sentence) {
    warned = true;
    if (!options.quiet()) {
      toError(PROGRAM + "warning: " + sentence);
    }
  }

  /** Whether there was anything to warn of. */
  public boolean hasWarned() {
    return warned;
  }

  /** Tells why the command failed. */
  public void failure(String sentence) {
    toError(PROGRAM + sentence);
  }

  /** Prints the trace of an internal error, to those who asked for details. */
  public void trace(Throwable failure) {
    if (options.verbose()) {
      StringWriter text = new StringWriter();
      failure.printStackTrace(new PrintWriter(text));
      linesToError(Printable.lines(text.toString()));
    }
  }

  /** Writes text to standard output at once. */
  public synchronized void print(String text) {
    // The line of progress would stay above the text on a terminal that shows both.
    clearProgress();
    try {
      terminal.out().write(text.getBytes(terminal.charset()));
      terminal.out().flush();
    } catch (IOException e) {
      throw new OutputException(e);
    }
  }

  /** Whether the user is to see how far the work is. */
  boolean wantsProgress() {
    return switch (options.progress()) {
      case ALWAYS -> true;
      case ON_A_TERMINAL -> terminal.errIsTerminal();
      case NEVER -> false;
    };
  }

  /** Shows a line of progress that the next one, or any message, replaces. */
  synchronized void showProgress(String line) {
    progressLine = line;
    write("\r" + line + "\033[K");
  }

  /** Takes the line of progress away. */
  synchronized void clearProgress() {
    if (!progressLine.isEmpty()) {
      progressLine = "";
      write(CLEAR_LINE);
    }
  }

  /** Writes a line of progress that stays. */
  synchronized void logProgress(String line) {
    write(line + "\n");
  }

  private void toError(String line) {
    linesToError(Printable.line(line) + "\n");
  }

  private synchronized void linesToError(String shown) {
    write(progressLine.isEmpty() ? shown : CLEAR_LINE + shown + progressLine);
  }

  /** A standard error that nobody can read is no reason to give up a save. */
  private void write(String text) {
    try {
      terminal.err().write(text.getBytes(terminal.charset()));
      terminal.err().flush();
    } catch (IOException e) {
      progressLine = "";
    }
  }
}
