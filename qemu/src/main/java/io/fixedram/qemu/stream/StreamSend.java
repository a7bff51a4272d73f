// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;

/** Sends a save of any format as a migration stream to a QEMU that waits with -incoming. */
public final class StreamSend {
  private final PageStore save;
  private final TransferListener listener;
  private final Cancellation cancellation;

  private StreamSend(PageStore save, TransferListener listener, Cancellation cancellation) {
    this.save = save;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /**
   * Sends a save over a socket.
   *
   * @param save the save, for example from {@link io.fixedram.store.Saves#open}; stays open
   * @param connect address on which the QEMU listens
   * @throws FixedRamException if not all of it could be sent
   */
  public static SendReport run(
      PageStore save, Endpoint connect, TransferListener listener, Cancellation cancellation) {
    StreamSend send = checked(save, listener, cancellation);
    try (SocketChannel channel = StreamSockets.connect(connect, cancellation)) {
      return send.send(channel, connect.toString());
    } catch (IOException e) {
      throw new StorageException("cannot end the stream to " + connect + ": " + e.getMessage(), e);
    }
  }

  /**
   * Sends a save into a channel, such as a pipe.
   *
   * @param save the save, for example from {@link io.fixedram.store.Saves#open}; stays open
   * @param out the target, which stays open unless this is cancelled
   * @param name name of the channel in messages
   * @throws FixedRamException if not all of it could be sent
   */
  public static SendReport run(
      PageStore save,
      WritableByteChannel out,
      String name,
      TransferListener listener,
      Cancellation cancellation) {
    return checked(save, listener, cancellation).send(out, name);
  }

  private static StreamSend checked(
      PageStore save, TransferListener listener, Cancellation cancellation) {
    if (save.isRandomAccess()) {
      // Fails for an incomplete save before a connection is opened.
      save.deviceState();
    }
    return new StreamSend(save, listener, cancellation);
  }

  private SendReport send(WritableByteChannel out, String name) {
    long startNanos = System.nanoTime();
    Conversion conversion = new Conversion(save, "sending", listener, cancellation);
    conversion.toStream(explaining(ByteTarget.of(out, name)), out);
    return new SendReport(
        save.name(),
        conversion.view().ramBytes(),
        conversion.view().dataBytes(),
        (System.nanoTime() - startNanos) / 1e9);
  }

  /** A target whose failures say where the reason may be found. */
  private static ByteTarget explaining(ByteTarget target) {
    return (position, from, offset, length) -> {
      try {
        target.write(position, from, offset, length);
      } catch (StorageException e) {
        throw new StorageException(
            e.getMessage() + "; if QEMU closed it, QEMU's own output says why", e);
      }
    };
  }
}
