// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class QmpClientTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @TempDir Path directory;

  private Endpoint.Unix socket() {
    return new Endpoint.Unix(directory.resolve("sock"));
  }

  private Process start(TestedQemu version, String option) throws Exception {
    Process process =
        new ProcessBuilder(
                version.binary().toString(),
                "-display",
                "none",
                "-nodefaults",
                "-accel",
                "tcg",
                option,
                socket() + ",server=on,wait=off")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    while (!Files.exists(socket().path())) {
      assertThat(process.isAlive()).as(Files.readString(directory.resolve("output"))).isTrue();
      Thread.sleep(10);
    }
    Thread.sleep(50);
    return process;
  }

  private static void kill(Process process) {
    process.destroyForcibly().onExit().orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Tag("qemu")
  @ParameterizedTest
  @EnumSource
  void talksWithQemu(TestedQemu version) throws Exception {
    Process qemu = start(version, "-qmp");
    try (QmpClient qmp = QmpClient.connect(socket())) {
      assertThat(qmp.version().isAtLeast(version == TestedQemu.QEMU_7 ? 7 : 10, 0)).isTrue();
      assertThat(qmp.version().isAtLeast(99, 0)).isFalse();
      assertThat(qmp.execute("query-status").get("status").text()).isEqualTo("running");
      assertThatThrownBy(() -> qmp.execute("no-such-command"))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.errorClass()).isEqualTo("CommandNotFound"))
          .hasMessageContaining("no-such-command");
      assertThatThrownBy(
              () -> qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", "fast")))
          .isInstanceOfSatisfying(
              QmpException.class, e -> assertThat(e.description()).contains("max-bandwidth"));

      qmp.execute("stop");
      QmpEvent event = qmp.nextEvent(SECOND).orElseThrow();
      assertThat(event.name()).isEqualTo("STOP");
      assertThat(event.time()).isBetween(Instant.now().minusSeconds(60), Instant.now());
      assertThat(qmp.nextEvent(Duration.ZERO)).isEmpty();

      assertThatThrownBy(() -> QmpClient.connect(socket(), SECOND))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("does not greet")
          .hasMessageContaining("second -qmp");

      kill(qemu);
      assertThatThrownBy(() -> qmp.execute("cont"))
          .isInstanceOf(QemuGoneException.class)
          .hasMessageContaining("ended or was killed");
      assertThatThrownBy(() -> qmp.nextEvent(SECOND)).isInstanceOf(QemuGoneException.class);
    } finally {
      kill(qemu);
    }
  }

  @Tag("qemu")
  @ParameterizedTest
  @EnumSource
  void aMonitorForPeople(TestedQemu version) throws Exception {
    Process qemu = start(version, "-monitor");
    try {
      assertThatThrownBy(() -> QmpClient.connect(socket()))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("does not speak QMP")
          .hasMessageContaining("-monitor");
    } finally {
      kill(qemu);
    }
  }

  /** What no QEMU says. */
  @Test
  void hostilePeers() throws Exception {
    assertFailsOn("\n\n[]\n");
    assertFailsOn("{\"QMP\": 1}\n");
    assertFailsOn("{\"QMP\": {}}\n{\"error\": {\"class\": \"X\", \"desc\": \"y\"}}\n");
    assertFailsOn("{\"QMP\": {}}\n{\"id\": 1}\n");
    assertFailsOn("{\"QMP\": {}}\n{\"id\": 1, \"error\": 7}\n");
    assertFailsOn("{\"QMP\": {}}\n{\"event\": \"X\"}\n");
    assertFailsOn("\u0000\u0001\u0002\n");
    assertFailsOn("x".repeat(17 << 20));
    assertFailsOn("");
  }

  /** Nonsense in place of an answer ends the call that it names, and is not waited for. */
  @ParameterizedTest
  @ValueSource(strings = {"{\"id\": 1}\n", "{\"id\": 1, \"error\": 7}\n"})
  void answersThatAreNone(String said) throws Exception {
    Path path = directory.resolve("nonsense");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      Thread peer =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                try (SocketChannel channel = server.accept()) {
                  say(channel, "{\"QMP\": {}}\n");
                  channel.read(ByteBuffer.allocate(4096));
                  say(channel, said);
                  channel.read(ByteBuffer.allocate(4096));
                } catch (IOException e) {
                  // The client closes when it has had enough.
                }
              });
      assertThatThrownBy(() -> QmpClient.connect(new Endpoint.Unix(path), SECOND).close())
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("does not speak QMP");
      peer.join();
    } finally {
      Files.delete(path);
    }
  }

  /** Has a client that was told to give up do something, and checks that this ends at once. */
  private void assertGivesUp(Cancellation cancellation, Runnable work) {
    long beganNanos = System.nanoTime();
    CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(cancellation::cancel);
    assertThatThrownBy(work::run).isInstanceOf(CancelledException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - beganNanos)).isLessThan(SECOND);
  }

  @Test
  void peerThatDoesNotGreetIsNotWaitedForOnceCancelled() throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket().path()));
      Cancellation cancellation = new Cancellation();
      assertGivesUp(
          cancellation,
          () -> QmpClient.connect(socket(), Duration.ofMinutes(5), cancellation).close());
    }
  }

  @Tag("qemu")
  @ParameterizedTest
  @EnumSource
  void answersAreNotWaitedForOnceCancelled(TestedQemu version) throws Exception {
    Process qemu = start(version, "-qmp");
    Cancellation cancellation = new Cancellation();
    try (QmpClient qmp = QmpClient.connect(socket(), cancellation)) {
      new ProcessBuilder("kill", "-STOP", Long.toString(qemu.pid())).start().waitFor();
      QmpClient cleaningUp = qmp.cleaningUp(Duration.ofMinutes(1));
      assertGivesUp(cancellation, () -> qmp.execute("query-status"));
      assertThatThrownBy(() -> qmp.execute("query-status")).isInstanceOf(CancelledException.class);

      long beganNanos = System.nanoTime();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> cleaningUp.execute("query-status"))
            .isNotInstanceOf(CancelledException.class)
            .hasMessageContaining("it hangs or is very busy");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - beganNanos)).isLessThan(SECOND);

      QmpClient.Sent sent = qmp.uncancellable().send("query-status");
      new ProcessBuilder("kill", "-CONT", Long.toString(qemu.pid())).start().waitFor();
      assertThat(sent.await(SECOND.multipliedBy(20)).get("status").text()).isEqualTo("running");
      assertThat(qmp.cleaningUp(SECOND).execute("query-status").get("running").flag()).isTrue();
    } finally {
      kill(qemu);
    }
  }

  /** Neither side reads any more, and yet who writes a command gets to know. */
  @Test
  void aPeerThatTalksWithoutEndHoldsUpNoWriter() throws Exception {
    Path path = directory.resolve("endless");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      CompletableFuture<QmpClient> connected =
          CompletableFuture.supplyAsync(() -> QmpClient.connect(new Endpoint.Unix(path), SECOND));
      try (SocketChannel channel = server.accept()) {
        say(channel, "{\"QMP\": {}}\n");
        channel.read(ByteBuffer.allocate(4096));
        say(channel, "{\"return\": {}, \"id\": 1}\n");
        QmpClient qmp = connected.get(10, TimeUnit.SECONDS);
        CompletableFuture<Json> answer =
            CompletableFuture.supplyAsync(
                () -> qmp.execute("long", Map.of("text", "x".repeat(8 << 20))));
        Thread talk = Thread.ofPlatform().daemon().start(() -> talk(channel));
        assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(FixedRamException.class)
            .hasMessageContaining("a message of more than");
        assertThat(talk.join(Duration.ofSeconds(10))).isTrue();
      }
    }
  }

  private static void say(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void talk(SocketChannel channel) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
    try {
      for (int i = 0; i < 64; i++) {
        channel.write(bytes.clear());
      }
    } catch (IOException e) {
      // It has had enough.
    }
  }

  private void assertFailsOn(String said) throws IOException {
    Path path = directory.resolve("hostile");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      Thread peer =
          Thread.ofPlatform()
              .start(() -> {
                try (SocketChannel channel = server.accept()) {
                  ByteBuffer bytes = ByteBuffer.wrap(said.getBytes(StandardCharsets.UTF_8));
                  while (bytes.hasRemaining()) {
                    channel.write(bytes);
                  }
                  // Until the client gives up, so that it sees all of it.
                  channel.shutdownOutput();
                  ByteBuffer answer = ByteBuffer.allocate(4096);
                  while (channel.read(answer.clear()) >= 0) {}
                } catch (IOException e) {
                  // The client need not wait for all of it.
                }
              });
      assertThatThrownBy(
              () -> {
                try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(path), SECOND)) {
                  qmp.version();
                }
              })
          .as(said.length() > 100 ? "much" : said)
          .isInstanceOf(FixedRamException.class);
      peer.interrupt();
    } finally {
      Files.delete(path);
    }
  }
}
