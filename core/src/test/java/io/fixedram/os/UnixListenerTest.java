// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnixListenerTest {
  @TempDir Path directory;

  /** Somebody tries without a pause: first there is no file, and then there is somebody. */
  @Test
  void nobodyFindsAFileThatNobodyListensOn() throws Exception {
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    for (int round = 0; round < 1000; round++) {
      Path socket = directory.resolve("s" + round);
      CountDownLatch looking = new CountDownLatch(1);
      Thread client =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                looking.countDown();
                while (!isConnected(socket, failures)) {
                  Thread.onSpinWait();
                }
              });
      looking.await();
      try (ServerSocketChannel listening = UnixListener.listen(socket, 0)) {
        client.join();
        assertThat(failures).as("round %d", round).isEmpty();
        listening.accept().close();
      }
      Files.delete(socket);
      assertThat(directory).isEmptyDirectory();
    }
  }

  private static boolean isConnected(Path socket, List<Throwable> failures) {
    try {
      UnixSocket.connect(socket).close();
      return true;
    } catch (StorageException e) {
      if (e.errno() == Errno.ENOENT.number()) {
        return false;
      }
      failures.add(e);
      return true;
    }
  }

  /** Only the owner can connect. */
  @Test
  void theSocketIsPrivate() throws IOException {
    Path socket = directory.resolve("s");
    try (ServerSocketChannel _ = UnixListener.listen(socket, 0)) {
      assertThat(Files.getPosixFilePermissions(socket))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
  }

  @Test
  void fileOfTheNameIsLeftAlone() throws IOException {
    Path taken = Files.writeString(directory.resolve("taken"), "content");
    assertThatThrownBy(() -> UnixListener.listen(taken, 1))
        .isInstanceOf(BindException.class)
        .hasMessage("Address already in use");
    assertThat(directory).isDirectoryContaining("glob:**taken");
    assertThat(taken).hasContent("content");
    assertThatThrownBy(() -> UnixListener.listen(directory.resolve("none/s"), 1))
        .isInstanceOf(IOException.class);
    try (var left = Files.list(directory)) {
      assertThat(left).containsExactly(taken);
    }
  }
}
