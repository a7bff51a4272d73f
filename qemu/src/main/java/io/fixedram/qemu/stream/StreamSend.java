// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.SteadyTransfer;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.stream.StreamEncoder;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** Sends a save of any format as a migration stream to a QEMU that waits with -incoming. */
public final class StreamSend {
  private final Path file;
  private final PageStore save;
  private final TransferListener listener;
  private final Cancellation cancellation;

  private StreamSend(
      Path file, PageStore save, TransferListener listener, Cancellation cancellation) {
    this.file = file;
    this.save = save;
    this.listener = new SteadyTransfer(listener);
    this.cancellation = cancellation;
  }

  /**
   * Sends a save.
   *
   * @param connect address on which the QEMU listens, or standard output
   * @throws FixedRamException if not all of it could be sent
   */
  public static SendReport run(
      Path file, Endpoint connect, TransferListener listener, Cancellation cancellation) {
    try (PageStore save = Saves.open(file)) {
      if (save.isRandomAccess()) {
        // Fails for an incomplete file before a connection is opened.
        save.deviceState();
      }
      StreamSend send = new StreamSend(file, save, listener, cancellation);
      return connect instanceof Endpoint.StandardStreams
          ? send.send(new FileOutputStream(FileDescriptor.out).getChannel(), "standard output")
          : send.toSocket(connect);
    }
  }

  private SendReport toSocket(Endpoint connect) {
    try (SocketChannel channel = StreamSockets.connect(connect, cancellation)) {
      return send(channel, connect.toString());
    } catch (IOException e) {
      throw new StorageException("cannot end the stream to " + connect + ": " + e.getMessage(), e);
    }
  }

  private SendReport send(WritableByteChannel out, String name) {
    long startNanos = System.nanoTime();
    LiveView view = new LiveView(new TransferCounters(), "sending");
    try (Cancellation.Registration _ =
            cancellation.onCancel(() -> StreamSockets.closeQuietly(out));
        CountingSink sink =
            new CountingSink(
                new StreamEncoder(ByteTarget.of(out, name)), view.counters(), cancellation)) {
      listener.started(view);
      save.sendTo(sink);
    } catch (StorageException e) {
      cancellation.throwIfCancelled();
      throw e.getCause() instanceof IOException
          ? new StorageException(
              e.getMessage() + "; if QEMU closed it, QEMU's own output says why", e)
          : e;
    }
    return new SendReport(
        file, view.ramBytes(), view.dataBytes(), (System.nanoTime() - startNanos) / 1e9);
  }
}
