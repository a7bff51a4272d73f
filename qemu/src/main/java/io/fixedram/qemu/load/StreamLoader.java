// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.UnixSocket;
import io.fixedram.stream.StreamEncoder;
import java.util.Optional;

/**
 * Loader of restore modes stream and instant: QEMU is sent a migration stream made from a save of
 * any format, without the pages of blocks that it has mapped.
 */
public final class StreamLoader implements Loader {
  private final PageSource save;
  private final Destination destination;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private Optional<UnixSocket> connection = Optional.empty();

  public StreamLoader(
      PageSource save,
      Destination destination,
      TransferCounters counters,
      Cancellation cancellation) {
    this.save = save;
    this.destination = destination;
    this.counters = counters;
    this.cancellation = cancellation;
  }

  @Override
  public boolean mappedRam() {
    return false;
  }

  @Override
  public void start() {
    connection = Optional.of(IncomingSocket.open(destination));
  }

  @Override
  public void feed() {
    UnixSocket socket = connection.orElseThrow();
    ByteTarget target = ByteTarget.of(socket, "QEMU");
    try (Cancellation.Registration _ = cancellation.onCancel(socket::close);
        CountingSink sink = new CountingSink(new StreamEncoder(target), counters, cancellation)) {
      save.sendTo(sink);
    }
    // All bytes are sent; the close makes QEMU notice an incomplete stream.
    socket.close();
  }

  @Override
  public void close() {
    connection.ifPresent(UnixSocket::close);
  }
}
