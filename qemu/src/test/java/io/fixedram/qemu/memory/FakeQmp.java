// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
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
import java.util.LinkedHashMap;
import java.util.Map;

/** Answers one client's QMP commands with what was set, for QEMUs that tests can't have. */
public final class FakeQmp implements AutoCloseable {
  private final ServerSocketChannel server;
  private final Path path;
  private final int major;
  private final Map<String, String> answers = new LinkedHashMap<>();

  private FakeQmp(ServerSocketChannel server, Path path, int major) {
    this.server = server;
    this.path = path;
    this.major = major;
  }

  /** A QEMU of a version, with a guest that stands still. */
  public static FakeQmp listen(Path path, int major) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    FakeQmp fake = new FakeQmp(server, path, major);
    fake.answer("qmp_capabilities", "{}");
    fake.answer("query-status", "{'status': 'paused', 'running': false}");
    fake.answer("query-migrate", "{}");
    fake.answer("query-migrate-capabilities", "[]");
    fake.answer("query-block-jobs", "[]");
    Thread.ofPlatform().daemon().name("fake qmp").start(fake::serve);
    return fake;
  }

  /** Sets what a command returns, in JSON with other quotes; it is refused if nothing was set. */
  public void answer(String command, String json) {
    synchronized (answers) {
      answers.put(command, json.replace('\'', '"'));
    }
  }

  /** Where it listens. */
  public Endpoint endpoint() {
    return new Endpoint.Unix(path);
  }

  private void serve() {
    try (SocketChannel client = server.accept();
        Writer out = Channels.newWriter(client, StandardCharsets.UTF_8);
        BufferedReader in =
            new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8))) {
      String version = "{\"major\": " + major + ", \"minor\": 0, \"micro\": 0}";
      say(out, "{\"QMP\": {\"version\": {\"qemu\": " + version + "}, \"capabilities\": []}}");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        Json message = Json.parse(line);
        say(out, answer(message.get("execute").text()) + message.get("id").number() + "}");
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private String answer(String command) {
    synchronized (answers) {
      String answer = answers.get(command);
      return answer == null
          ? "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"not here\"}, \"id\": "
          : "{\"return\": " + answer + ", \"id\": ";
    }
  }

  private static void say(Writer out, String line) throws IOException {
    out.write(line + "\n");
    out.flush();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
