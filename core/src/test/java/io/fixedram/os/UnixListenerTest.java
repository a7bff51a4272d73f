// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /** Somebody looks for the file without a pause, and connects as soon as he sees it. */
  @Test
  void whoSeesTheFileCanConnect() throws Exception {
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    for (int round = 0; round < 300; round++) {
      Path socket = directory.resolve("s" + round);
      CountDownLatch looking = new CountDownLatch(1);
      Thread client =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                looking.countDown();
                while (!Files.exists(socket)) {
                  Thread.onSpinWait();
                }
                try {
                  UnixSocket.connect(socket).close();
                } catch (RuntimeException e) {
                  failures.add(e);
                }
              });
      looking.await();
      try (ServerSocketChannel listening = UnixListener.listen(socket, 0)) {
        client.join();
        assertThat(failures).as("round %d", round).isEmpty();
        assertThat(listening.accept()).isNotNull();
      }
      Files.delete(socket);
      assertThat(directory).isEmptyDirectory();
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
