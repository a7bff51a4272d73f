// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.exc.JacksonIOException;

/**
 * Output of a command: its result on standard output; messages, warnings and progress on standard
 * error. Thread-safe.
 */
public final class Console {
  private static final String PROGRAM = "fixedram: ";
  private static final String CLEAR_LINE = "\r\033[K";

  private final Terminal terminal;
  private final OutputOptions options;
  private String progressLine = "";
  private volatile boolean warned;
  private Optional<String> done = Optional.empty();

  /** Creates a console with output options. */
  public Console(Terminal terminal, OutputOptions options) {
    this.terminal = terminal;
    this.options = options;
  }

  /** The streams of this console. */
  public Terminal terminal() {
    return terminal;
  }

  /**
   * Records what a command has completed, which is reported too if the result can't be printed, so
   * that the failure does not look like one of the command itself.
   */
  public void done(String what) {
    done = Optional.of(what);
  }

  /** What the command has completed; empty if nothing was recorded. */
  public Optional<String> whatIsDone() {
    return done;
  }

  /** Prints the result of a command in one line, unless the output is quiet or JSON. */
  public void resultLine(String line) {
    result(Printable.line(line) + "\n");
  }

  /**
   * Prints a result of several lines, in which names are {@link Printable}, unless the output is
   * quiet or JSON.
   */
  public void result(String lines) {
    if (!options.quiet() && !options.json()) {
      print(Printable.lines(lines));
    }
  }

  /** Prints the result of a command as JSON, if the output is JSON. */
  public void json(Consumer<JsonGenerator> fields) {
    if (options.json()) {
      print(JsonObject.text(fields) + "\n");
    }
  }

  /** Prints a JSON object on one line as the result of a command, if the output is JSON. */
  public void json(String object) {
    if (options.json()) {
      print(Printable.json(object) + "\n");
    }
  }

  /**
   * Prints the result of a command as JSON on several lines, whether the output is JSON or not,
   * while it is made, so that it may be long. Unless the output is quiet.
   */
  public synchronized void document(Consumer<JsonGenerator> fields) {
    if (options.quiet()) {
      return;
    }
    clearProgress();
    try (Writer out = new PrintableWriter(terminal.out(), terminal.charset())) {
      JsonObject.write(out, fields);
    } catch (IOException e) {
      throw new OutputException(e);
    } catch (JacksonIOException e) {
      throw new OutputException(new IOException(e));
    }
  }

  /** Writes bytes to standard output as they are. */
  public synchronized void bytes(byte[] bytes) {
    clearProgress();
    try {
      terminal.out().write(bytes);
      terminal.out().flush();
    } catch (IOException e) {
      throw new OutputException(e);
    }
  }

  /**
   * Prints the result of a command to standard error, if standard output is used for other data.
   */
  public void resultAside(String line) {
    if (!options.quiet() && !options.json()) {
      toError(line);
    }
  }

  /** Prints a detail if the output is verbose. */
  public void note(String sentence) {
    if (options.verbose()) {
      toError(PROGRAM + sentence);
    }
  }

  /** Prints a warning, unless the output is quiet. */
  public void warning(String sentence) {
    warned = true;
    if (!options.quiet()) {
      toError(PROGRAM + "warning: " + sentence);
    }
  }

  /** Whether there was a warning. */
  public boolean hasWarned() {
    return warned;
  }

  /** Prints the failure of the command. */
  public void failure(String sentence) {
    toError(PROGRAM + sentence);
  }

  /** Prints the stack trace of an internal error if the output is verbose. */
  public void trace(Throwable failure) {
    if (options.verbose()) {
      StringWriter text = new StringWriter();
      failure.printStackTrace(new PrintWriter(text));
      linesToError(Printable.lines(text.toString()));
    }
  }

  /** Writes text to standard output at once. */
  public synchronized void print(String text) {
    // Otherwise the progress line would stay on a terminal that shows both streams.
    clearProgress();
    try {
      terminal.out().write(text.getBytes(terminal.charset()));
      terminal.out().flush();
    } catch (IOException e) {
      throw new OutputException(e);
    }
  }

  /** Whether progress is to be shown. */
  boolean wantsProgress() {
    return switch (options.progress()) {
      case ALWAYS -> true;
      case ON_A_TERMINAL -> terminal.errIsTerminal();
      case NEVER -> false;
    };
  }

  /** Shows a progress line, which is replaced by the next one or any message. */
  synchronized void showProgress(String line) {
    progressLine = line;
    write("\r" + line + "\033[K");
  }

  /** Removes the progress line. */
  synchronized void clearProgress() {
    if (!progressLine.isEmpty()) {
      progressLine = "";
      write(CLEAR_LINE);
    }
  }

  /** Prints a progress line that is not replaced. */
  synchronized void logProgress(String line) {
    write(line + "\n");
  }

  private void toError(String line) {
    linesToError(Printable.line(line) + "\n");
  }

  private synchronized void linesToError(String shown) {
    write(progressLine.isEmpty() ? shown : CLEAR_LINE + shown + progressLine);
  }

  /** Writes to standard error; errors are ignored, since they must not end a save. */
  private void write(String text) {
    try {
      terminal.err().write(text.getBytes(terminal.charset()));
      terminal.err().flush();
    } catch (IOException e) {
      progressLine = "";
    }
  }
}
