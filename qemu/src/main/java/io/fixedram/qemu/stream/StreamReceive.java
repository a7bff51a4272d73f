// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.SafeTransferListener;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.wire.ReturnPath;
import io.fixedram.wire.StreamReader;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Receives a migration stream and writes it to a save. The stream is started by another program,
 * with a {@code migrate} command or through a pipe. The file gets its name only when the stream is
 * complete. A source whose return-path capability is on gets the confirmation only then, and keeps
 * its guest if the save fails.
 */
public final class StreamReceive {
  private final SaveWriter writer;
  private final SaveFormat format;
  private final TransferListener listener;
  private final Cancellation cancellation;

  private StreamReceive(
      SaveWriter writer, SaveFormat format, TransferListener listener, Cancellation cancellation) {
    this.writer = writer;
    this.format = format;
    this.listener = new SafeTransferListener(listener);
    this.cancellation = cancellation;
  }

  /**
   * Receives one stream over a socket.
   *
   * @param listen address to listen on for one connection
   * @throws FixedRamException if no complete stream is received
   */
  public static ReceiveReport run(
      Endpoint listen,
      Path file,
      SaveFormat format,
      WriteOptions options,
      TransferListener listener,
      Cancellation cancellation) {
    try (SaveWriter writer = SaveWriter.create(file, format, options)) {
      return new StreamReceive(writer, format, listener, cancellation).fromSocket(listen);
    }
  }

  /**
   * Receives one stream from a channel, such as a pipe, over which nothing is sent back.
   *
   * @param in the stream, which stays open unless this is cancelled
   * @param name name of the channel in messages
   * @throws FixedRamException if no complete stream is received
   */
  public static ReceiveReport run(
      ReadableByteChannel in,
      String name,
      Path file,
      SaveFormat format,
      WriteOptions options,
      TransferListener listener,
      Cancellation cancellation) {
    try (SaveWriter writer = SaveWriter.create(file, format, options)) {
      return new StreamReceive(writer, format, listener, cancellation)
          .receive(in, name, Optional.empty());
    }
  }

  private ReceiveReport fromSocket(Endpoint listen) {
    String name = "the stream sent to " + listen;
    try (SocketChannel channel = StreamSockets.accept(listen, listener, cancellation)) {
      ReturnPath returnPath = new ReturnPath(channel, "the sender");
      ReceiveReport report;
      try {
        report = receive(channel, name, Optional.of(returnPath));
      } catch (RuntimeException | Error e) {
        refuse(returnPath, e);
        throw e;
      }
      accept(returnPath, report);
      return report;
    } catch (IOException e) {
      throw new StorageException("cannot end " + name + ": " + e.getMessage(), e);
    }
  }

  private static void accept(ReturnPath returnPath, ReceiveReport report) {
    try {
      returnPath.accept();
    } catch (StorageException e) {
      throw new FixedRamException(
          report.file()
              + " is complete, but the sender could not be told ("
              + e.getMessage()
              + "), so its guest may run on",
          e);
    }
  }

  private static void refuse(ReturnPath returnPath, Throwable failure) {
    try {
      returnPath.refuse();
    } catch (StorageException e) {
      // A source whose connection is closed keeps its guest too.
      failure.addSuppressed(e);
    }
  }

  private ReceiveReport receive(
      ReadableByteChannel in, String name, Optional<ReturnPath> returnPath) {
    long startNanos = System.nanoTime();
    StreamReader stream = new StreamReader(ByteSource.of(in, name), name, returnPath);
    Conversion conversion = new Conversion(stream, "receiving", listener, cancellation);
    try (Cancellation.Registration _ =
        cancellation.onCancel(() -> StreamSockets.closeQuietly(in))) {
      conversion.send(writer.sink());
    }
    WrittenSave written = conversion.publish(writer);
    return new ReceiveReport(
        format,
        written.path(),
        written.ramBytes(),
        written.pageBytes(),
        written.fileBytes(),
        written.diskBytes(),
        written.whyCached(),
        conversion.view().transferredBytes(),
        (System.nanoTime() - startNanos) / 1e9);
  }
}
