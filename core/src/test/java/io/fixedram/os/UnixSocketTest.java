// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnixSocketTest {
  /** Longer than what a unix socket holds by itself. */
  private static final int MUCH = 3 << 20;

  private final Path directory;
  private final Path path;

  UnixSocketTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("socket");
  }

  private static ServerSocketChannel listen(Path path, int backlog) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path), backlog);
    return server;
  }

  private static byte[] readAll(UnixSocket socket, int length, boolean direct) {
    ByteBuffer into = direct ? ByteBuffer.allocateDirect(length) : ByteBuffer.allocate(length);
    while (into.hasRemaining() && socket.read(into) >= 0) {
      // Whole when the buffer is full or the other side has closed.
      assertThat(into.position()).isPositive();
    }
    byte[] bytes = new byte[into.position()];
    into.flip().get(bytes);
    return bytes;
  }

  private static void writeAll(UnixSocket socket, byte[] bytes, boolean direct) {
    ByteBuffer from =
        direct ? ByteBuffer.allocateDirect(bytes.length).put(bytes).flip() : ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      assertThat(socket.write(from)).isPositive();
    }
  }

  @Test
  void carriesBytesBothWays() throws InterruptedException, ExecutionException {
    byte[] bytes = new byte[MUCH];
    new Random(1).nextBytes(bytes);
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (UnixSocket left = pair.left();
        UnixSocket right = pair.right();
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      for (boolean direct : new boolean[] {false, true}) {
        Future<?> writer = thread.submit(() -> writeAll(left, bytes, direct));
        assertThat(readAll(right, MUCH, direct)).isEqualTo(bytes);
        writer.get();
        Future<?> back = thread.submit(() -> writeAll(right, bytes, !direct));
        assertThat(readAll(left, MUCH, direct)).isEqualTo(bytes);
        back.get();
      }
      assertThat(left.read(ByteBuffer.allocate(0))).isZero();
      assertThat(left.write(ByteBuffer.allocate(0))).isZero();
    }
  }

  @Test
  void onlyTheBytesOfTheBufferAreTouched() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (UnixSocket left = pair.left();
        UnixSocket right = pair.right()) {
      ByteBuffer from = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 9}, 1, 3);
      assertThat(left.write(from)).isEqualTo(3);
      assertThat(from.hasRemaining()).isFalse();
      ByteBuffer into = ByteBuffer.allocate(6).position(2).limit(5);
      assertThat(right.read(into)).isEqualTo(3);
      assertThat(into.array()).containsExactly(0, 0, 1, 2, 3, 0);
    }
  }

  @Test
  void connectsToAListener() throws IOException {
    try (ServerSocketChannel server = listen(path, 1);
        UnixSocket socket = UnixSocket.connect(path);
        SocketChannel accepted = server.accept()) {
      assertThat(socket.isOpen()).isTrue();
      accepted.write(ByteBuffer.wrap(new byte[] {5, 6}));
      assertThat(readAll(socket, 2, false)).containsExactly(5, 6);
      // Blocking again: a read waits for what comes later.
      Thread.ofPlatform()
          .start(() -> {
            try {
              Thread.sleep(100);
              accepted.write(ByteBuffer.wrap(new byte[] {7}));
            } catch (IOException | InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      assertThat(readAll(socket, 1, false)).containsExactly(7);
    }
  }

  @Test
  void connectRefusals() throws IOException {
    assertThatThrownBy(() -> UnixSocket.connect(path))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot connect to " + path + ": no such file or directory");
    listen(path, 1).close();
    assertThatThrownBy(() -> UnixSocket.connect(path))
        .hasMessage("cannot connect to " + path + ": nobody listens there");
    Path file = Files.write(directory.resolve("file"), new byte[1]);
    assertThatThrownBy(() -> UnixSocket.connect(file))
        .hasMessage("cannot connect to " + file + ": nobody listens there");
    int room = 107 - directory.toString().length() - 1;
    if (room > 0) {
      Path longest = directory.resolve("x".repeat(room));
      assertThatThrownBy(() -> UnixSocket.connect(longest))
          .hasMessage("cannot connect to " + longest + ": no such file or directory");
    }
    Path far = directory.resolve("x".repeat(108));
    assertThatThrownBy(() -> UnixSocket.connect(far))
        .hasMessage(
            "cannot connect to " + far + ": the path of a unix socket is at most 107 bytes");
  }

  /** A listener that takes nobody must not hang the one who connects. */
  @Test
  void connectDoesNotWaitInAQueue() throws IOException {
    List<UnixSocket> taken = new ArrayList<>();
    try (ServerSocketChannel server = listen(path, 1)) {
      assertThat(server.isOpen()).isTrue();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  taken.add(UnixSocket.connect(path));
                }
              })
          .isInstanceOf(StorageException.class)
          .hasMessage("cannot connect to " + path + ": not ready");
    } finally {
      taken.forEach(UnixSocket::close);
    }
    assertThat(taken).isNotEmpty();
  }

  @Test
  void readEndsWhenTheOtherSideCloses() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (UnixSocket left = pair.left()) {
      pair.right().close();
      assertThat(left.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThatThrownBy(() -> left.write(ByteBuffer.allocate(1)))
          .isInstanceOf(StorageException.class)
          .hasMessage("cannot write to a socket pair: the other side closed the connection");
      assertThatThrownBy(() -> left.sendWithDescriptor(ByteBuffer.allocate(1), 0))
          .hasMessage(
              "cannot pass a descriptor to a socket pair: the other side closed the connection");
    }
  }

  /** What the other side left unread resets the connection. */
  @Test
  void readEndsWhenTheOtherSideResets() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (UnixSocket left = pair.left()) {
      left.write(ByteBuffer.allocate(10));
      pair.right().close();
      assertThat(left.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void closeWakesAReader() throws InterruptedException, ExecutionException {
    for (int i = 0; i < 20; i++) {
      UnixSocket.Pair pair = UnixSocket.socketPair();
      try (ExecutorService thread = Executors.newSingleThreadExecutor();
          UnixSocket right = pair.right()) {
        CountDownLatch started = new CountDownLatch(1);
        Future<Integer> reader =
            thread.submit(() -> {
              started.countDown();
              return pair.left().read(ByteBuffer.allocate(1));
            });
        started.await();
        if (i % 2 == 0) {
          Thread.sleep(20);
        }
        pair.left().close();
        assertThat(reader.get()).isEqualTo(-1);
        assertThat(pair.left().isOpen()).isFalse();
        assertThat(right.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      }
    }
  }

  @Test
  void closeWakesAWriter() throws InterruptedException {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (ExecutorService thread = Executors.newSingleThreadExecutor();
        UnixSocket right = pair.right()) {
      Future<?> writer = thread.submit(() -> writeAll(pair.left(), new byte[MUCH], true));
      Thread.sleep(100);
      assertThat(writer.isDone()).isFalse();
      pair.left().close();
      assertThatThrownBy(writer::get)
          .hasCauseInstanceOf(StorageException.class)
          .hasMessageContaining("cannot write to a socket pair: ");
      assertThat(right.isOpen()).isTrue();
    }
  }

  @Test
  void closedSocketsAreNotUsed() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    pair.left().close();
    pair.left().close();
    assertThat(pair.left().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    assertThatThrownBy(() -> pair.left().write(ByteBuffer.allocate(1)))
        .isInstanceOf(StorageException.class);
    pair.right().close();
  }

  /** The number may be another file's by the time a late call comes. */
  @Test
  void lateCallsNeverReachAnotherFile() throws IOException, InterruptedException {
    for (int i = 0; i < 50; i++) {
      UnixSocket.Pair pair = UnixSocket.socketPair();
      Thread writer =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  while (true) {
                    pair.left().write(ByteBuffer.wrap(new byte[] {'x'}));
                  }
                } catch (StorageException e) {
                  assertThat(e).hasMessageContaining("cannot write");
                }
              });
      pair.left().close();
      Path file = directory.resolve("other" + i);
      try (Descriptor other = Descriptor.open(file, Descriptor.Mode.CREATE)) {
        writer.join();
        assertThat(other.status().sizeBytes()).isZero();
      }
      pair.right().close();
    }
  }

  @Test
  void releaseLeavesTheConnectionToAnotherHolder() throws IOException, InterruptedException {
    String script =
        """
        import socket, sys
        server = socket.socket(socket.AF_UNIX)
        server.bind(sys.argv[1])
        server.listen(1)
        connection, _ = server.accept()
        message, descriptors, _, _ = socket.recv_fds(connection, 5, 1)
        passed = socket.socket(fileno=descriptors[0])
        connection.sendall(b"got " + message)
        assert passed.recv(1) == b"?"
        passed.sendall(b"answer")
        """;
    Process python = python(script, path.toString());
    try (UnixSocket connection = connectWhenReady(python)) {
      UnixSocket.Pair pair = UnixSocket.socketPair();
      try (UnixSocket ours = pair.left()) {
        ByteBuffer message = ByteBuffer.wrap("hello".getBytes(StandardCharsets.UTF_8));
        connection.sendWithDescriptor(message, pair.right().descriptor());
        assertThat(message.hasRemaining()).isFalse();
        assertThat(new String(readAll(connection, 9, false), StandardCharsets.UTF_8))
            .isEqualTo("got hello");
        pair.right().release();
        assertThat(pair.right().isOpen()).isFalse();
        writeAll(ours, new byte[] {'?'}, false);
        assertThat(new String(readAll(ours, 6, false), StandardCharsets.UTF_8)).isEqualTo("answer");
      }
    } finally {
      python.waitFor(10, TimeUnit.SECONDS);
      python.destroy();
    }
    assertThat(python.exitValue()).isZero();
  }

  /** A message longer than the socket takes at once; the descriptor comes with its first byte. */
  @Test
  void longMessagesCarryADescriptor() throws IOException, InterruptedException {
    String script =
        """
        import os, socket, sys
        server = socket.socket(socket.AF_UNIX)
        server.bind(sys.argv[1])
        server.listen(1)
        connection, _ = server.accept()
        message, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
        count = len(message)
        while count < int(sys.argv[2]):
            count += len(connection.recv(65536))
        os.write(descriptors[0], b"%d bytes" % count)
        """;
    Path file = directory.resolve("file");
    Process python = python(script, path.toString(), Integer.toString(MUCH));
    try (UnixSocket connection = connectWhenReady(python);
        Descriptor passed = Descriptor.open(file, Descriptor.Mode.CREATE)) {
      connection.sendWithDescriptor(ByteBuffer.allocate(MUCH), passed.number());
      assertThat(connection.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    } finally {
      python.waitFor(10, TimeUnit.SECONDS);
      python.destroy();
    }
    assertThat(file).hasContent(MUCH + " bytes");
  }

  @Test
  void passingWhatIsNotOpenFails() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (UnixSocket left = pair.left();
        UnixSocket right = pair.right()) {
      assertThatThrownBy(() -> left.sendWithDescriptor(ByteBuffer.allocate(1), 1_000_000))
          .hasMessage("cannot pass a descriptor to a socket pair: bad file descriptor");
      assertThat(right.isOpen()).isTrue();
    }
  }

  private static Process python(String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of("python3", "-c", script));
    command.addAll(List.of(arguments));
    try {
      return new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      assumeTrue(false, "there is no python3 to pass a descriptor to");
      throw new AssertionError(e);
    }
  }

  private UnixSocket connectWhenReady(Process process) throws InterruptedException {
    while (true) {
      try {
        return UnixSocket.connect(path);
      } catch (StorageException e) {
        assertThat(process.isAlive()).as("the process that listens").isTrue();
        Thread.sleep(10);
      }
    }
  }

  @Test
  void processAtTheOtherSide() throws Exception {
    try (ServerSocketChannel server = listen(path, 1);
        UnixSocket socket = UnixSocket.connect(path)) {
      assertThat(server.isOpen()).isTrue();
      assertThat(socket.peerProcess()).isEqualTo((int) ProcessHandle.current().pid());
    }
  }
}
