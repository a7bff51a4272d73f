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
 * QEMU is sent a migration stream made from the save, whatever its format; of a save that it has
 * mapped, one without the pages that are there.
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
    // QEMU has all of it then, and takes an end that comes too early for one.
    socket.close();
  }

  @Override
  public void close() {
    connection.ifPresent(UnixSocket::close);
  }
}
