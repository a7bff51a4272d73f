// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A virtual machine that runs a {@link MemoryGuest}, and has two QMP sockets: one for the command
 * under test and one for the test.
 */
final class Vm implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long FIRST_ADDRESS = 16L << 20;

  private final Process process;
  private final Path errors;
  private final Path qmp;
  private final Path testQmp;

  private Vm(Process process, Path errors, Path qmp, Path testQmp) {
    this.process = process;
    this.errors = errors;
    this.qmp = qmp;
    this.testQmp = testQmp;
  }

  /** Writes the disk of a guest that uses so much of its RAM, in MiB. */
  static Path image(Path directory, int usedMebibytes) {
    Path image = directory.resolve("guest-" + usedMebibytes + ".img");
    long pages = ((long) usedMebibytes << 20) / MemoryGuest.PAGE_SIZE;
    new MemoryGuest(List.of(new MemoryGuest.Region(FIRST_ADDRESS, pages)), 0).writeTo(image);
    return image;
  }

  /** The QEMU command of a machine, without QMP: the same for a guest and its restored copy. */
  static List<String> command(Path qemu, Path image, int ramMebibytes, String serial) {
    return List.of(
        qemu.toString(),
        "-accel",
        "tcg",
        "-machine",
        "pc-i440fx-7.2",
        "-m",
        ramMebibytes + "M",
        "-nodefaults",
        "-display",
        "none",
        "-vga",
        "none",
        "-no-reboot",
        "-drive",
        "format=raw,snapshot=on,file=" + image,
        "-serial",
        serial);
  }

  /** Starts one; {@code name} tells its files from those of others. */
  static Vm start(Path directory, String name, List<String> command, String... more)
      throws IOException {
    Path qmp = directory.resolve(name + ".qmp");
    Path testQmp = directory.resolve(name + ".test");
    List<String> words = new ArrayList<>(command);
    for (Path socket : List.of(qmp, testQmp)) {
      words.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    }
    words.addAll(List.of(more));
    Path errors = directory.resolve(name + ".errors");
    Process process =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(errors.toFile()).start();
    Vm vm = new Vm(process, errors, qmp, testQmp);
    try {
      vm.await("its QMP sockets", () -> listens(qmp) && listens(testQmp));
      return vm;
    } catch (AssertionError e) {
      vm.close();
      throw e;
    }
  }

  /**
   * Whether a program accepts connections there; the file of a socket is there a little earlier.
   */
  static boolean listens(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  /** The QMP socket for the command under test. */
  Path qmp() {
    return qmp;
  }

  /** The QMP socket that the test uses itself. */
  Path testQmp() {
    return testQmp;
  }

  /** Runs one QMP command. */
  Json execute(String command, Map<String, ?> arguments) {
    try (QmpClient client = QmpClient.connect(new Endpoint.Unix(testQmp))) {
      return client.execute(command, arguments);
    }
  }

  /** What a command of QEMU's human monitor prints. */
  String monitor(String line) {
    return execute("human-monitor-command", Map.of("command-line", line)).text();
  }

  /** The guest's state as QEMU names it. */
  String status() {
    return execute("query-status", Map.of()).get("status").text();
  }

  /** Everything of QEMU's migration settings that a save might change. */
  String migrationSettings() {
    return execute("query-migrate-parameters", Map.of())
        + "\n"
        + execute("query-migrate-capabilities", Map.of());
  }

  /** Waits until a save is under way that has much left to do. */
  void awaitSaveUnderWay() {
    try (QmpClient client = QmpClient.connect(new Endpoint.Unix(testQmp))) {
      await("a save to be under way", () -> isUnderWay(client.execute("query-migrate")));
    }
  }

  private static boolean isUnderWay(Json migration) {
    return migration.findText("status").orElse("").equals("active")
        && migration.get("ram").get("transferred").number() > 1 << 20;
  }

  /** Whether a save is under way. */
  boolean isSaving() {
    return isUnderWay(execute("query-migrate", Map.of()));
  }

  void await(String what, BooleanSupplier condition) {
    await(what, condition, process, errors);
  }

  private static void await(String what, BooleanSupplier condition, Process process, Path errors) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    try {
      while (true) {
        boolean alive = process.isAlive();
        if (condition.getAsBoolean()) {
          return;
        }
        assertThat(alive && System.nanoTime() < until)
            .as("waiting for %s; QEMU says: %s", what, Files.readString(errors))
            .isTrue();
        Thread.sleep(10);
      }
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until the guest has gone through its memory so many times since it was started. */
  static void awaitRound(Path serial, long round) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    SerialReport report = SerialReport.read(serial);
    while (report.lastGeneration().orElse(0) < round) {
      assertThat(System.nanoTime()).as("waiting for round %d: %s", round, report).isLessThan(until);
      assertThat(report.firstBad()).isEmpty();
      Thread.sleep(10);
      report = SerialReport.read(serial);
    }
  }

  static long round(Path serial) {
    return SerialReport.read(serial).lastGeneration().orElse(0);
  }

  /** Ends it without a warning. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  boolean awaitEnd() throws InterruptedException {
    return process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }
}
