// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.file.Save;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.Cancellation;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.stream.ByteTarget;
import io.fixedram.stream.StreamEncoder;
import java.nio.file.Path;
import java.util.Optional;

/**
 * QEMU is sent a migration stream made from the save, whatever its format. Over a unix socket QEMU
 * is handed one end of a socket pair (getfd); over TCP it listens in a directory of ours.
 */
final class StreamWay implements IncomingWay {
  private static final String DESCRIPTOR_NAME = "fixedram-restore";

  private final Save save;
  private final Destination destination;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private Optional<UnixSocket> connection = Optional.empty();

  StreamWay(
      Save save, Destination destination, TransferCounters counters, Cancellation cancellation) {
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
    Migration migration = new Migration(destination.qmp());
    connection =
        Optional.of(
            destination.qmp().canPassDescriptors()
                ? PassedSocket.pass(destination.qmp(), DESCRIPTOR_NAME, migration::startIncoming)
                : connect(migration));
  }

  private UnixSocket connect(Migration migration) {
    Path socket = destination.directory().resolve("incoming.sock");
    try {
      migration.startIncoming("unix:" + socket);
    } catch (QmpException e) {
      throw new FixedRamException(
          "QEMU cannot be reached by a unix socket ("
              + e.description()
              + "): if it runs on another host, tell it 'migrate-incoming tcp:HOST:PORT' and run"
              + " 'fixedram send FILE --connect tcp:HOST:PORT'",
          e);
    }
    return UnixSocket.connect(socket);
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
