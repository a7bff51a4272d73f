// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Who asks for the end of a save is heard while QEMU says nothing. */
class SaveCancelTest extends QemuTest {
  /** A second, with the time that a busy machine takes; who does not hear takes 60 s. */
  private static final Duration SOON = Duration.ofSeconds(4);

  private static final String GREETING =
      """
      {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, \
      "capabilities": []}}
      """;

  private final Cancellation cancellation = new Cancellation();

  private void assertHeard(GuestSave request) {
    CompletableFuture<Long> cancelled = new CompletableFuture<>();
    CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS)
        .execute(() -> {
          cancelled.complete(System.nanoTime());
          cancellation.cancel();
        });
    assertThatThrownBy(() -> request.listener(recorder).cancellation(cancellation).run())
        .isInstanceOf(CancelledException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - cancelled.join())).isLessThan(SOON);
    assertThat(file()).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatHangs(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      LazyFailureTest.signal("STOP", source.process().pid());
      assertHeard(request(source));
      LazyFailureTest.signal("CONT", source.process().pid());
      assertThat(new QemuMigration(source.observer()).guest().running()).isTrue();
    }
  }

  /** What the save has changed can't be put back, and the guest goes on once QEMU does. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, false", "QEMU_10, false", "QEMU_7, true", "QEMU_10, true"})
  void qemuThatHangsWhileItMigrates(TestedQemu version, boolean stopFirst) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      GuestSave request = request(source).maxPasses(0);
      CompletableFuture<Long> cancelled = new CompletableFuture<>();
      recorder.atStart(() -> {
        source.slowDown();
        hang(source);
        CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS)
            .execute(() -> {
              cancelled.complete(System.nanoTime());
              cancellation.cancel();
            });
      });
      assertThatThrownBy(() ->
              (stopFirst ? request.stopFirst() : request)
                  .listener(recorder)
                  .cancellation(cancellation)
                  .run())
          .isInstanceOf(CancelledException.class);
      // A guest that was stopped for the save is worth a longer wait, of which the user is told.
      assertThat(Duration.ofNanos(System.nanoTime() - cancelled.join()))
          .isLessThan(stopFirst ? Duration.ofSeconds(20) : Duration.ofSeconds(8));
      assertThat(recorder.warnings()).anyMatch(warning -> warning.contains("does not answer, so"));
      assertThat(recorder.warnings())
          .filteredOn(warning -> warning.contains("s more, since the guest is stopped"))
          .hasSize(stopFirst ? 1 : 0);
      assertNoFileLeft();
      LazyFailureTest.signal("CONT", source.process().pid());
      RunningQemu.await(
          "the migration's end", () -> !new QemuMigration(source.observer()).state().isUnderWay());
      if (!stopFirst) {
        source.assertGoesOn();
      }
    }
  }

  private static void hang(RunningQemu qemu) {
    try {
      LazyFailureTest.signal("STOP", qemu.process().pid());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void peerThatGreetsAndThenSaysNothing() throws Exception {
    Path socket = directory.resolve("silent");
    try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listening.bind(UnixDomainSocketAddress.of(socket));
      Thread peer = Thread.ofPlatform().daemon().start(() -> greet(listening));
      assertHeard(
          GuestSave.of(new Endpoint.Unix(socket), file()).mode(SaveMode.STREAM).maxPasses(0));
      peer.join();
    }
    Files.deleteIfExists(socket);
  }

  /** Returns when the other side has closed the connection. */
  private static void greet(ServerSocketChannel listening) {
    try (SocketChannel peer = listening.accept()) {
      peer.write(ByteBuffer.wrap(GREETING.getBytes(StandardCharsets.UTF_8)));
      ByteBuffer heard = ByteBuffer.allocate(1 << 16);
      while (peer.read(heard) >= 0) {
        heard.clear();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
