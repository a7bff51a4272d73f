// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.server;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The standard input of a shell's command, as QEMU's {@code exec:} gives it a stream. What the
 * command prints goes where this process's output goes.
 *
 * <p>One thread writes. Closed by that thread, the command is given its end and the time to come to
 * one itself; closed by another, it is ended at once.
 */
final class CommandChannel implements WritableByteChannel {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int PIECE_BYTES = 1 << 16;

  private final String command;
  private final Process process;
  private final OutputStream input;
  private volatile boolean killed;
  private volatile boolean ended;
  private volatile Optional<Thread> writer = Optional.empty();

  private CommandChannel(String command, Process process) {
    this.command = command;
    this.process = process;
    this.input = process.getOutputStream();
  }

  /**
   * Starts a command.
   *
   * @throws FixedRamException if there is no shell to start it
   */
  static CommandChannel start(String command) {
    try {
      return new CommandChannel(
          command,
          new ProcessBuilder("/bin/sh", "-c", command)
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    } catch (IOException e) {
      throw new FixedRamException("cannot start '" + command + "': " + e.getMessage(), e);
    }
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    if (writer.isEmpty()) {
      writer = Optional.of(Thread.currentThread());
    }
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    byte[] piece = new byte[Math.min(bytes.remaining(), PIECE_BYTES)];
    bytes.get(piece);
    input.write(piece);
    return piece.length;
  }

  @Override
  public boolean isOpen() {
    return !killed && !ended;
  }

  /**
   * Ends it.
   *
   * @throws IOException if the command has failed, or does not end
   */
  @Override
  public void close() throws IOException {
    if (ended) {
      return;
    }
    boolean byWriter = writer.equals(Optional.of(Thread.currentThread()));
    if (byWriter && !killed) {
      ended = true;
      end();
      return;
    }
    // Its end wakes a thread that waits for it to read, and nothing else does.
    killed = true;
    kill();
    if (byWriter || writer.isEmpty()) {
      ended = true;
      closeBroken();
    }
  }

  /** Gives the command its end, and waits for it to come to one. */
  private void end() throws IOException {
    try {
      input.close();
      if (!process.waitFor(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IOException(
            "it has not ended " + PATIENCE.toSeconds() + " s after the end of its input");
      }
      if (process.exitValue() != 0) {
        throw new IOException("'" + command + "' ended with status " + process.exitValue());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    } finally {
      kill();
    }
  }

  /** What it has not read is lost with it, which is no news. */
  private void closeBroken() {
    try {
      input.close();
    } catch (IOException e) {
      System.getLogger(CommandChannel.class.getName()).log(System.Logger.Level.DEBUG, command, e);
    }
  }

  /** The shell, and what it has started. */
  private void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
