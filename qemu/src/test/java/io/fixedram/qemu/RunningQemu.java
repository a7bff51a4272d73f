// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A QEMU under test, with one QMP socket for what is tested and one for the test itself. Killed on
 * close, if it is still there.
 */
public final class RunningQemu implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path directory;
  private final String name;
  private final Process process;
  private final QmpClient observer;

  private RunningQemu(Path directory, String name, Process process, QmpClient observer) {
    this.directory = directory;
    this.name = name;
    this.process = process;
    this.observer = observer;
  }

  /** Boots a guest. */
  public static RunningQemu boot(TestedQemu qemu, GuestSpec spec, Path directory)
      throws IOException {
    return start(spec.command(qemu.binary(), directory, "source"), directory, "source");
  }

  /** Starts a QEMU that waits for a guest. */
  public static RunningQemu waiting(TestedQemu qemu, GuestSpec spec, Path directory, String name)
      throws IOException {
    GuestSpec incoming = spec.with("-incoming", "defer");
    return start(incoming.command(qemu.binary(), directory, name), directory, name);
  }

  /** Starts a command with QMP sockets added. */
  public static RunningQemu start(List<String> command, Path directory, String name)
      throws IOException {
    List<String> words = new ArrayList<>(command);
    for (String socket : List.of("qmp", "spare", "observer")) {
      Path path = directory.resolve(name + "." + socket);
      words.addAll(List.of("-qmp", "unix:" + path + ",server=on,wait=off"));
    }
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".output").toFile())
            .start();
    Path socket = directory.resolve(name + ".observer");
    try {
      await("QEMU", () -> Files.exists(socket) || !process.isAlive());
      return new RunningQemu(directory, name, process, connect(socket, process));
    } catch (RuntimeException | Error | InterruptedException e) {
      process.destroyForcibly();
      throw new AssertionError(
          "QEMU did not start: " + Files.readString(directory.resolve(name + ".output")), e);
    }
  }

  /** Tries again while QEMU lives, since it binds a socket before it listens. */
  private static QmpClient connect(Path socket, Process process) throws InterruptedException {
    while (true) {
      try {
        return QmpClient.connect(new Endpoint.Unix(socket), PATIENCE);
      } catch (FixedRamException e) {
        if (!process.isAlive()) {
          throw e;
        }
        Thread.sleep(10);
      }
    }
  }

  /** Where the QMP socket is that the test itself leaves alone. */
  public Endpoint qmp() {
    return new Endpoint.Unix(directory.resolve(name + ".qmp"));
  }

  /** A third QMP socket. */
  public Endpoint spareQmp() {
    return new Endpoint.Unix(directory.resolve(name + ".spare"));
  }

  /** The test's own connection. */
  public QmpClient observer() {
    return observer;
  }

  public Process process() {
    return process;
  }

  /** All capabilities and parameters of migrations. */
  String migrationSettings() {
    return observer.execute("query-migrate-capabilities")
        + "\n"
        + observer.execute("query-migrate-parameters");
  }

  /** Switches those of the capabilities on that this QEMU knows. */
  public void switchOn(String... capabilities) {
    switchTo(true, capabilities);
  }

  /** Switches those of the capabilities off that this QEMU knows. */
  void switchOff(String... capabilities) {
    switchTo(false, capabilities);
  }

  private void switchTo(boolean state, String... capabilities) {
    Set<String> known =
        observer.execute("query-migrate-capabilities").items().stream()
            .map(each -> each.get("capability").text())
            .collect(Collectors.toSet());
    List<?> wanted =
        Stream.of(capabilities)
            .filter(known::contains)
            .map(each -> Map.of("capability", each, "state", state))
            .toList();
    observer.execute("migrate-set-capabilities", Map.of("capabilities", wanted));
  }

  public void setParameter(String parameter, Object value) {
    observer.execute("migrate-set-parameters", Map.of(parameter, value));
  }

  /**
   * Makes a migration under way slow, so that a guest that goes on writing dirties more than it
   * sends, and it would never end.
   */
  void slowDown() {
    setParameter("max-bandwidth", 16 << 20);
  }

  /** Has QEMU itself migrate, and waits for the end. */
  public void migrate(String uri) {
    observer.execute("migrate", Map.of("uri", uri));
    QemuMigration migration = new QemuMigration(observer);
    await("the migration's end", () -> !migration.state().isUnderWay());
    assertThat(migration.state().status()).as(output()).isEqualTo("completed");
  }

  public String status() {
    return observer.execute("query-status").get("status").text();
  }

  /** What the guest has printed. */
  public String serial() {
    return serial(directory, name);
  }

  static String serial(Path directory, String name) {
    Path file = directory.resolve(name + ".serial");
    try {
      return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public String output() {
    try {
      return Files.readString(directory.resolve(name + ".output"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until the guest has been through so many generations. */
  public void awaitGeneration(long generation) {
    await(
        "generation " + generation + " of " + name,
        () -> SerialReport.of(serial()).lastGeneration().orElse(0) >= generation);
    assertThat(SerialReport.of(serial()).firstBad()).isEmpty();
  }

  /** Checks that the guest goes on from where it is. */
  public void assertGoesOn() {
    String before = serial();
    awaitGeneration(SerialReport.of(before).lastGeneration().orElse(0) + 5);
    assertThat(SerialReport.of(serial()).consecutive()).isTrue();
    assertThat(status()).isEqualTo("running");
  }

  /**
   * Checks that a restored guest goes on where it was saved: no generation is missing or done
   * twice, and in five more of them, each page being looked at, nothing is wrong.
   */
  public static void assertGoesOn(String savedSerial, Path directory, String restoredName) {
    long saved = SerialReport.of(savedSerial).lastGeneration().orElseThrow();
    await(
        "generation " + (saved + 5) + " of " + restoredName,
        () -> {
          SerialReport now = SerialReport.of(savedSerial + serial(directory, restoredName));
          assertThat(now.firstBad()).isEmpty();
          return now.lastGeneration().orElse(0) >= saved + 5;
        });
    SerialReport all = SerialReport.of(savedSerial + serial(directory, restoredName));
    assertThat(all.consecutive()).as("no generation missing or done twice").isTrue();
    assertThat(SerialReport.of(serial(directory, restoredName)).ready())
        .as("booted anew")
        .isFalse();
  }

  void assertGoesOnFrom(RunningQemu source) {
    assertGoesOn(source.serial(), directory, name);
    assertThat(status()).isEqualTo("running");
  }

  public static void await(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start)
          .as("waiting for " + what)
          .isLessThan(PATIENCE.toNanos());
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  public void kill() {
    process.destroyForcibly().onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    observer.close();
    kill();
  }
}
