// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.cancel.Cancellation;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The standard streams of the process, and properties of the terminal.
 *
 * @param in standard input
 * @param out standard output, unbuffered
 * @param err standard error, unbuffered
 * @param charset encoding of text
 * @param outIsTerminal whether standard output is a terminal
 * @param errIsTerminal whether standard error is a terminal
 * @param columns width of the terminal
 */
public record Terminal(
    InputStream in,
    OutputStream out,
    OutputStream err,
    Charset charset,
    boolean outIsTerminal,
    boolean errIsTerminal,
    int columns) {
  private static final int DEFAULT_COLUMNS = 80;
  private static final int MIN_COLUMNS = 20;

  /**
   * The streams of this process.
   *
   * @param cancellation ends writes to a pipe that is not read
   */
  public static Terminal ofProcess(Cancellation cancellation) {
    return new Terminal(
        new FileInputStream(FileDescriptor.in),
        new CancellableOutput(new FileOutputStream(FileDescriptor.out), cancellation),
        new CancellableOutput(new FileOutputStream(FileDescriptor.err), cancellation),
        charset(System.getProperty("native.encoding", "")),
        isTerminal(1),
        isTerminal(2),
        columns(System.getenv("COLUMNS")));
  }

  /** Standard input as a channel; closing it wakes threads that are blocked on it. */
  public ReadableByteChannel inChannel() {
    return Channels.newChannel(in);
  }

  /**
   * Standard output as a channel for binary data; closing it wakes threads that are blocked on it.
   */
  public WritableByteChannel outChannel() {
    return out instanceof CancellableOutput cancellable
        ? cancellable.channel()
        : Channels.newChannel(out);
  }

  /** Whether characters beyond ASCII can be displayed. */
  boolean unicode() {
    return charset.equals(StandardCharsets.UTF_8);
  }

  private static Charset charset(String name) {
    return name.equalsIgnoreCase("UTF-8") ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII;
  }

  /**
   * Whether a descriptor is a terminal, determined by the name of its file in /proc (proc(5)),
   * since Java's Console does not tell that of standard error.
   */
  private static boolean isTerminal(int descriptor) {
    try {
      String name = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return name.startsWith("/dev/pts/")
          || name.startsWith("/dev/tty")
          || name.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  private static int columns(String fromEnvironment) {
    if (fromEnvironment == null) {
      return DEFAULT_COLUMNS;
    }
    try {
      int columns = Integer.parseInt(fromEnvironment);
      return columns <= 0 ? DEFAULT_COLUMNS : Math.max(MIN_COLUMNS, columns);
    } catch (NumberFormatException e) {
      return DEFAULT_COLUMNS;
    }
  }
}
