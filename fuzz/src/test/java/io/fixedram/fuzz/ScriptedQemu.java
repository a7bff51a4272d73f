// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.os.UnixListener;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Answers each QMP command with the next line of a text. A line that begins with ! is sent as it is
 * before that, one that begins with ? is the error that a command gets. At the end of the text the
 * connection is closed.
 */
final class ScriptedQemu {
  private static final Pattern ID = Pattern.compile("\"id\":(\\d+)}$");
  private static final String GREETING =
      "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2,\"micro\":0}},\"capabilities\":[]}}";

  private final ServerSocketChannel server;
  private final Path path;
  private final BlockingQueue<List<String>> texts = new LinkedBlockingQueue<>();

  private ScriptedQemu(ServerSocketChannel server, Path path) {
    this.server = server;
    this.path = path;
  }

  static ScriptedQemu listen(Path path) throws IOException {
    ScriptedQemu qemu = new ScriptedQemu(UnixListener.listen(path, 0), path);
    Thread.ofPlatform().daemon().name("scripted qemu").start(qemu::run);
    return qemu;
  }

  Endpoint endpoint() {
    return new Endpoint.Unix(path);
  }

  /** Sets the text for the next connection. */
  void say(List<String> lines) {
    texts.add(lines);
  }

  private void run() {
    while (true) {
      try (SocketChannel client = server.accept();
          Writer out = Channels.newWriter(client, StandardCharsets.UTF_8);
          BufferedReader in =
              new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8))) {
        serve(texts.take().iterator(), in, out);
      } catch (IOException e) {
        // The client has left.
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static void serve(Iterator<String> lines, BufferedReader in, Writer out)
      throws IOException {
    send(out, GREETING);
    for (String command = in.readLine(); command != null; command = in.readLine()) {
      Matcher id = ID.matcher(command);
      if (!id.find()) {
        return;
      }
      String answer = "{}";
      if (!command.contains("\"qmp_capabilities\"")) {
        do {
          if (!lines.hasNext()) {
            return;
          }
          answer = lines.next();
          if (answer.startsWith("!")) {
            send(out, answer.substring(1));
          }
        } while (answer.startsWith("!"));
      }
      send(
          out,
          answer.startsWith("?")
              ? "{\"error\":" + answer.substring(1) + ",\"id\":" + id.group(1) + "}"
              : "{\"return\":" + answer + ",\"id\":" + id.group(1) + "}");
    }
  }

  private static void send(Writer out, String line) throws IOException {
    out.write(line + "\n");
    out.flush();
  }
}
