// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest in a QEMU that announces it and then hangs, which no QEMU can be told to do. */
@Timeout(40)
class IncomingGuestTest {
  private static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 10, \"minor\": 0, \"micro\": 0}},"
          + " \"capabilities\": []}}\n";
  private static final String LOADING = "{\"status\": \"inmigrate\", \"running\": false}";
  private static final String RESUME =
      "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\n";

  @TempDir Path directory;

  /** Enters the command mode, and answers the first query of the guest's state only. */
  private static void serve(ServerSocketChannel server) {
    try (SocketChannel client = server.accept();
        Writer out = Channels.newWriter(client, StandardCharsets.UTF_8);
        BufferedReader in =
            new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8))) {
      out.write(GREETING);
      out.flush();
      boolean hangs = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        Json message = Json.parse(line);
        long id = message.get("id").number();
        boolean query = message.get("execute").text().equals("query-status");
        if (!query) {
          out.write("{\"return\": {}, \"id\": " + id + "}\n");
        } else if (!hangs) {
          out.write("{\"return\": " + LOADING + ", \"id\": " + id + "}\n");
          out.write(RESUME);
          hangs = true;
        }
        out.flush();
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  @Test
  void runsOnceItsResumeWasSeen() throws Exception {
    Path path = directory.resolve("qmp");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      Thread.ofPlatform().daemon().start(() -> serve(server));
      try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(path))) {
        IncomingGuest guest = new IncomingGuest(new QemuMigration(qmp), false, new RunGate());
        assertThat(guest.hasResumed()).isFalse();
        guest.settle();
        assertThat(guest.hasResumed()).isTrue();
        assertThat(guest.isUnanswered()).isTrue();
        assertThat(guest.settledNanos()).isPresent();
        assertThat(guest.settledState()).isEqualTo("running");
        assertThat(guest.heldByItself()).isEmpty();
      }
    }
  }
}
