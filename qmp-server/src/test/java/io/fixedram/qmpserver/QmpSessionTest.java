// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class QmpSessionTest {
  @TempDir Path directory;

  /** What is too long for the queue is never written, and nothing waits for more. */
  @Test
  void anOverlongMessageEndsIt() throws Exception {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("qmp"));
    try (CountingGuest guest = new CountingGuest();
        ServedGuest served = new ServedGuest(guest.memory(), guest, Configuration.of("counter-1"));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      client.connect(address);
      WriteOptions options = new WriteOptions(DirectMode.OFF, false, 1);
      QmpSession session =
          new QmpSession(server.accept(), new QmpCommands(served, options, Optional.empty()));
      Thread run = Thread.ofPlatform().daemon().start(session::run);
      client.write(
          ByteBuffer.wrap(
              "{\"execute\": \"qmp_capabilities\"}".getBytes(StandardCharsets.US_ASCII)));
      readAnswer(client);

      session.tell(new GuestEvent("LONG", Map.of("text", "x".repeat(5 << 20))));
      assertThat(run.join(Duration.ofSeconds(10))).isTrue();
      session.awaitEnd(System.nanoTime());
      assertThat(client.read(ByteBuffer.allocate(1))).isNegative();
    }
  }

  private static void readAnswer(SocketChannel client) throws Exception {
    StringBuilder said = new StringBuilder();
    while (said.indexOf("return") < 0 || said.charAt(said.length() - 1) != '\n') {
      ByteBuffer bytes = ByteBuffer.allocate(4096);
      client.read(bytes);
      said.append(StandardCharsets.US_ASCII.decode(bytes.flip()));
    }
  }
}
