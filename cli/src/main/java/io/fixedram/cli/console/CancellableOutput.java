// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.cancel.Cancellation;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A standard stream of the process, which may be a pipe that is not read. Writes run in separate
 * threads and are given up soon after a cancellation.
 */
final class CancellableOutput extends OutputStream {
  private static final long POLL_MILLIS = 50;

  /** Number of polls after a cancellation. */
  private static final int MAX_POLLS = 8;

  private final FileOutputStream stream;
  private final Cancellation cancellation;
  private boolean givenUp;

  CancellableOutput(FileOutputStream stream, Cancellation cancellation) {
    this.stream = stream;
    this.cancellation = cancellation;
  }

  /** The stream as a channel; closing it wakes threads that are blocked on it. */
  WritableByteChannel channel() {
    return stream.getChannel();
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (givenUp) {
      throw notRead();
    }
    byte[] copy = Arrays.copyOfRange(bytes, offset, offset + length);
    FutureTask<Boolean> writing =
        new FutureTask<>(() -> {
          stream.write(copy);
          return true;
        });
    Thread.ofPlatform().daemon().name("output").start(writing);
    await(writing);
  }

  private void await(FutureTask<Boolean> writing) throws IOException {
    int polls = 0;
    while (true) {
      try {
        var _ = writing.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        if (cancellation.isCancelled() && ++polls > MAX_POLLS) {
          givenUp = true;
          throw notRead();
        }
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw notRead();
      }
    }
  }

  private static InterruptedIOException notRead() {
    return new InterruptedIOException("nobody reads it");
  }
}
