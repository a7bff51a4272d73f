// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.stream.ReceiveReport;
import io.fixedram.qemu.stream.SendReport;
import io.fixedram.qemu.stream.StreamReceive;
import io.fixedram.qemu.stream.StreamSend;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.WriteOptions;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that QEMU is told to send or to take by somebody else. */
class StreamTransferTest extends QemuTest {

  private Endpoint socket() {
    return new Endpoint.Unix(directory.resolve("stream.sock"));
  }

  private ReceiveReport receive(Endpoint listen, Cancellation cancellation) {
    return receive(listen, file(), cancellation);
  }

  private ReceiveReport receive(Endpoint listen, Path file, Cancellation cancellation) {
    return StreamReceive.run(
        listen, file, SaveFormat.MAPPED_RAM, WriteOptions.defaults(), recorder, cancellation);
  }

  private SendReport send(Endpoint connect) {
    try (PageStore save = Saves.open(file())) {
      return StreamSend.run(save, connect, recorder, new Cancellation());
    }
  }

  private CompletableFuture<ReceiveReport> receiveInBackground(
      Endpoint listen, Cancellation cancellation) {
    return receiveInBackground(listen, file(), cancellation);
  }

  private CompletableFuture<ReceiveReport> receiveInBackground(
      Endpoint listen, Path file, Cancellation cancellation) {
    CompletableFuture<ReceiveReport> report =
        CompletableFuture.supplyAsync(() -> receive(listen, file, cancellation));
    RunningQemu.await(
        "the socket",
        () ->
            report.isDone()
                || recorder.notes().stream().anyMatch(note -> note.startsWith("listening")));
    return report;
  }

  private void assertRestores(RunningQemu source, TestedQemu version) throws Exception {
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      restore(target, RestoreMode.AUTO);
      target.assertGoesOnFrom(source);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  xbzrle",
    "QEMU_7,  compress",
    "QEMU_7,  return-path",
    "QEMU_7,  postcopy-ram",
    "QEMU_7,  events",
    "QEMU_10, xbzrle",
    "QEMU_10, return-path",
    "QEMU_10, postcopy-ram",
    "QEMU_10, events",
  })
  void receivesWhatAMigrateCommandSends(TestedQemu version, String capability) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.switchOn(capability);
      CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), new Cancellation());
      source.migrate(socket().toString());
      assertThat(report.orTimeout(30, TimeUnit.SECONDS).join().ramBytes())
          .isBetween(64L << 20, 72L << 20);
      assertThat(directory.resolve("stream.sock")).doesNotExist();
      assertRestores(source, version);
    }
  }

  /** Such a stream goes from its pages to the devices, and the guest runs on meanwhile. */
  @ParameterizedTest
  @EnumSource
  void receivesABackgroundSnapshot(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.observer().execute("stop");
      String saved = source.serial();
      source.switchOn("background-snapshot");
      CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), new Cancellation());
      source.migrate(socket().toString());
      report.orTimeout(30, TimeUnit.SECONDS).join();
      try (RunningQemu target = waiting(version, GuestSpec.small())) {
        restore(target, RestoreMode.AUTO);
        RunningQemu.assertGoesOn(saved, directory, "restored");
      }
    }
  }

  /** The source waits for an acknowledgement, told at once or when it is seen to wait. */
  @ParameterizedTest
  @ValueSource(strings = {"pc-i440fx-7.2", "pc-i440fx-10.0"})
  void acknowledgesTheSwitchover(String machine) throws Exception {
    GuestSpec spec = GuestSpec.small().on(machine);
    try (RunningQemu source = boot(TestedQemu.QEMU_10, spec)) {
      source.awaitGeneration(3);
      source.switchOn("return-path", "switchover-ack");
      CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), new Cancellation());
      source.migrate(socket().toString());
      report.orTimeout(30, TimeUnit.SECONDS).join();
      try (RunningQemu target = waiting(TestedQemu.QEMU_10, spec)) {
        restore(target, RestoreMode.AUTO);
        target.assertGoesOnFrom(source);
      }
    }
  }

  /** It has sent everything by the time that the file can't get its name. */
  @ParameterizedTest
  @EnumSource
  void aSenderKeepsTheGuestThatCouldNotBeSaved(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.switchOn("return-path");
      CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), new Cancellation());
      Files.createDirectories(file().resolve("in the way"));
      source.observer().execute("migrate", Map.of("uri", socket().toString()));
      QemuMigration migration = new QemuMigration(source.observer());
      RunningQemu.await("the migration's end", () -> !migration.state().isUnderWay());
      assertThat(migration.state().status()).isEqualTo("failed");
      assertThat(catchThrowable(report::join))
          .hasCauseInstanceOf(StorageException.class)
          .hasMessageContaining("cannot rename");
      source.assertGoesOn();
    }
  }

  /** So little memory that it waits in buffers, and is written when all has come. */
  @ParameterizedTest
  @EnumSource
  void aSenderKeepsTheGuestThatDidNotFitOnTheDisk(TestedQemu version) throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=64k", "fixedram-test", small.toString()) == 0,
        "a small file system can be mounted by root only");
    MemoryGuest little = new MemoryGuest(List.of(new MemoryGuest.Region(16 << 20, 64)), 0);
    try (RunningQemu source = boot(version, GuestSpec.small().running(little))) {
      source.awaitGeneration(3);
      source.switchOn("return-path");
      CompletableFuture<ReceiveReport> report =
          receiveInBackground(socket(), small.resolve("guest.save"), new Cancellation());
      source.observer().execute("migrate", Map.of("uri", socket().toString()));
      QemuMigration migration = new QemuMigration(source.observer());
      RunningQemu.await("the migration's end", () -> !migration.state().isUnderWay());
      assertThat(migration.state().status()).isEqualTo("failed");
      assertThat(catchThrowable(report::join))
          .hasCauseInstanceOf(StorageException.class)
          .hasMessageContaining("no space left");
      assertThat(small).isEmptyDirectory();
      source.assertGoesOn();
    } finally {
      run("umount", small.toString());
    }
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @ParameterizedTest
  @EnumSource
  void receivesOverTcp(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      Endpoint port = OtherConnectionsTest.freePort();
      CompletableFuture<ReceiveReport> report = receiveInBackground(port, new Cancellation());
      source.migrate(port.toString());
      report.orTimeout(30, TimeUnit.SECONDS).join();
      assertRestores(source, version);
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, unix", "QEMU_7, tcp", "QEMU_10, unix", "QEMU_10, tcp"})
  void sendsToAQemuThatListens(TestedQemu version, String kind) throws Exception {
    Endpoint endpoint = kind.equals("unix") ? socket() : OtherConnectionsTest.freePort();
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      save(request(source));
      GuestSpec incoming = GuestSpec.small().with("-incoming", endpoint.toString());
      try (RunningQemu target =
          RunningQemu.start(
              incoming.command(version.binary(), directory, "restored"), directory, "restored")) {
        SendReport report = send(endpoint);
        assertThat(report.ramBytes()).isBetween(64L << 20, 72L << 20);
        RunningQemu.await("the guest", () -> target.status().equals("running"));
        target.assertGoesOnFrom(source);
      }
    }
  }

  @Test
  void aSenderThatGoesAwayLeavesNothing() throws Exception {
    Files.writeString(file(), "an earlier save");
    CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), new Cancellation());
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("stream.sock"));
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(address);
      channel.write(ByteBuffer.wrap(new byte[] {'Q', 'E', 'V', 'M', 0, 0, 0, 3}));
    }
    assertThat(catchThrowable(report::join)).hasCauseInstanceOf(DamagedSaveException.class);
    assertThat(leftFiles()).containsExactly("guest.save");
    assertThat(file()).hasContent("an earlier save");
  }

  @Test
  void cancelledWhileNobodyConnects() throws Exception {
    Cancellation cancellation = new Cancellation();
    CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), cancellation);
    cancellation.cancel();
    assertThat(catchThrowable(() -> report.orTimeout(10, TimeUnit.SECONDS).join()))
        .hasCauseInstanceOf(CancelledException.class);
    assertNoFileLeft();
    assertThat(directory.resolve("stream.sock")).doesNotExist();
  }

  @Test
  void cancelledWhileNothingComes() throws Exception {
    Cancellation cancellation = new Cancellation();
    CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), cancellation);
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(directory.resolve("stream.sock")));
      RunningQemu.await("the connection", () -> recorder.hasStarted());
      cancellation.cancel();
      assertThat(catchThrowable(() -> report.orTimeout(10, TimeUnit.SECONDS).join()))
          .hasCauseInstanceOf(CancelledException.class);
    }
    assertNoFileLeft();
  }

  @Test
  void aSocketThatIsThereAlready() throws Exception {
    Path socket = Files.createFile(directory.resolve("stream.sock"));
    assertThatThrownBy(() -> receive(socket(), new Cancellation()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot listen on " + socket());
    assertThat(socket).exists();
  }

  /** Others can neither connect to the socket nor read the file. */
  @Test
  void theSocketIsPrivate() throws Exception {
    Cancellation cancellation = new Cancellation();
    CompletableFuture<ReceiveReport> report = receiveInBackground(socket(), cancellation);
    assertThat(Files.getPosixFilePermissions(directory.resolve("stream.sock")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    cancellation.cancel();
    assertThat(catchThrowable(report::join)).hasCauseInstanceOf(CancelledException.class);
  }

  @ParameterizedTest
  @CsvSource({"'', 0100007F", "127.0.0.1, 0100007F", "0.0.0.0, 00000000"})
  void tcpWithoutAHostIsForThisHostAlone(String host, String listed) throws Exception {
    int port = OtherConnectionsTest.freePort().port();
    Endpoint listen = Endpoint.parse("tcp:" + host + ":" + port);
    Cancellation cancellation = new Cancellation();
    CompletableFuture<ReceiveReport> report = receiveInBackground(listen, cancellation);
    String address = listed + ":%04X".formatted(port);
    // As proc(5) says; an IPv6 socket that takes IPv4 lists the address at its end.
    String sockets =
        Files.readString(Path.of("/proc/net/tcp")) + Files.readString(Path.of("/proc/net/tcp6"));
    assertThat(sockets).contains(address + " ");
    boolean local = !host.equals("0.0.0.0");
    assertThat(recorder.notes())
        .contains("listening on " + listen + (local ? ", which only this host can reach" : ""));
    assertThat(recorder.warnings())
        .containsExactlyElementsOf(
            local
                ? List.of()
                : List.of(
                    "other hosts can reach "
                        + listen
                        + ": whoever connects first decides what is saved, and nothing is"
                        + " encrypted"));
    cancellation.cancel();
    assertThat(catchThrowable(report::join)).hasCauseInstanceOf(CancelledException.class);
  }

  @Test
  void sendsToNobody() throws Exception {
    try (RunningQemu source = boot(TestedQemu.QEMU_7, GuestSpec.small())) {
      source.awaitGeneration(2);
      save(request(source));
    }
    assertThatThrownBy(() -> send(socket()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot connect to " + socket());
  }
}
