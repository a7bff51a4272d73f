// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.MountedTmpfs;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The command as users have it, with real QEMUs whose guest checks its memory itself. */
@Tag("qemu")
class AcceptanceTest {
  private static final int RAM_MIB = 64;
  private static final int USED_MIB = 16;

  /** Of a guest whose save takes long enough to step in. */
  private static final int LARGE_RAM_MIB = 256;

  private static final int LARGE_USED_MIB = 192;

  @TempDir Path directory;

  /** Holds nothing but saves, so that what is left behind is seen. */
  private Path saves;

  private Path image;
  private Path serial;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    TestedQemu.any();
    Launcher.build();
  }

  @BeforeEach
  void prepare() throws IOException {
    saves = Files.createDirectory(directory.resolve("saves"));
    image = Vm.image(directory, USED_MIB);
    serial = directory.resolve("serial.txt");
  }

  private List<String> savedFiles() throws IOException {
    try (Stream<Path> files = Files.list(saves)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Starts a guest and lets it write to its memory. */
  private Vm busyVm(Path qemu) throws IOException, InterruptedException {
    return busyVm(Vm.command(qemu, image, RAM_MIB, "file:" + serial));
  }

  /** The same with a guest whose save takes a while. */
  private Vm largeVm(Path qemu) throws IOException, InterruptedException {
    Path disk = Vm.image(directory, LARGE_USED_MIB);
    return busyVm(Vm.command(qemu, disk, LARGE_RAM_MIB, "file:" + serial));
  }

  private Vm busyVm(List<String> command) throws IOException, InterruptedException {
    Vm vm = Vm.start(directory, "vm", command);
    Vm.awaitRound(serial, 2);
    return vm;
  }

  private Path saved(Path qemu) throws IOException, InterruptedException {
    Path file = saves.resolve("vm.fram");
    try (Vm vm = busyVm(qemu)) {
      Result save = Launcher.run(saves, "save", "--qmp", vm.qmp(), file, "--then", "quit");
      assertThat(save.status()).as(save.err()).isZero();
      assertThat(vm.awaitEnd()).isTrue();
    }
    return file;
  }

  private void assertWentOnWhereItWas(Path first, Path second) throws IOException {
    SerialReport report = SerialReport.of(Files.readString(first) + Files.readString(second));
    assertThat(report.firstBad()).isEmpty();
    assertThat(report.consecutive()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    // By the time that it would take, which depends on what else the host does.
    "QEMU_7,  auto,   auto,    memory lazy",
    "QEMU_7,  auto,   lazy,    lazy",
    "QEMU_7,  stream, stream,  stream",
    "QEMU_10, auto,   auto,    memory instant",
    "QEMU_10, auto,   instant, instant",
    "QEMU_10, auto,   native,  native",
    "QEMU_10, stream, lazy,    lazy"
  })
  void liveSaveComesBackInTheForeground(
      TestedQemu program, String saveMode, String way, String taken)
      throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = saves.resolve("vm.fram");
    try (Vm vm = busyVm(qemu)) {
      Result save =
          Launcher.run(
              saves,
              "save",
              "--via",
              saveMode,
              "--qmp",
              vm.qmp(),
              file,
              "--then",
              "quit",
              "--output",
              "json",
              "-p");
      assertThat(save.status()).as(save.err()).isZero();
      assertThat(save.out()).hasLineCount(1);
      Json json = Json.parse(save.out());
      assertThat(json.get("format").text()).isEqualTo("mapped-ram");
      assertThat(json.get("ram_bytes").number()).isGreaterThanOrEqualTo(64L << 20);
      assertThat(json.get("page_bytes").number()).isBetween(8L << 20, 64L << 20);
      assertThat(json.get("disk_bytes").number()).isBetween(8L << 20, 64L << 20);
      boolean inPlace = saveMode.equals("auto");
      assertThat(json.get("via").text()).isEqualTo(inPlace ? "memory" : "stream");
      assertThat(json.get("live_under_tcg").flag()).isNotEqualTo(inPlace);
      assertThat(json.get("described").flag()).isNotEqualTo(inPlace);
      assertThat(save.err().contains("warning: QEMU emulates this guest (TCG)"))
          .as(save.err())
          .isNotEqualTo(inPlace);
      assertThat(json.find("seconds")).isPresent();
      assertThat(json.find("downtime_seconds")).isPresent();
      assertThat(vm.awaitEnd()).isTrue();
    }
    assertThat(savedFiles()).containsExactly("vm.fram");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");

    List<Object> words =
        new ArrayList<>(List.of("restore", file, "--via", way, "--output", "json", "--"));
    words.addAll(Vm.command(qemu, image, RAM_MIB, "stdio"));
    Path second = directory.resolve("second.txt");
    try (Launcher restore = Launcher.start(saves, words.toArray())) {
      awaitLine(restore);
      Json json = Json.parse(restore.out());
      assertThat(taken.split(" ")).contains(json.get("via").text());
      assertThat(json.get("ram_bytes").number()).isGreaterThanOrEqualTo(64L << 20);
      assertThat(json.get("page_bytes").number()).isBetween(8L << 20, 64L << 20);
      assertThat(json.find("seconds")).isPresent();
      assertThat(json.find("downtime_seconds")).isPresent();
      assertThat(Double.parseDouble(json.get("since_waiting_seconds").toString()))
          .isGreaterThan(Double.parseDouble(json.get("running_seconds").toString()));
      // The guest's serial line is QEMU's standard output, which must stay out of the JSON.
      long before = Vm.round(serial);
      awaitSerialOn(restore, second, before + 3);
      restore.signal("TERM");
      Result ended = restore.result();
      assertThat(ended.status()).as(ended.err()).isZero();
      assertThat(ended.out()).hasLineCount(1);
    }
    assertWentOnWhereItWas(serial, second);
  }

  @ParameterizedTest
  @EnumSource
  void liveSaveInPlace(TestedQemu program) throws IOException, InterruptedException {
    Path file = saves.resolve("vm.fram");
    try (Vm vm = busyVm(program.binary())) {
      List<Object> words =
          List.of("save", "--qmp", vm.qmp(), file, "--via=memory", "--then", "resume");
      Result save =
          Launcher.run(
              saves, Stream.concat(words.stream(), Stream.of("--output", "json")).toArray());
      assertThat(save.status()).as(save.err()).isZero();
      assertThat(save.err()).isEmpty();
      Json json = Json.parse(save.out());
      assertThat(json.get("via").text()).isEqualTo("memory");
      assertThat(json.get("live_under_tcg").flag()).isFalse();
      assertThat(json.find("downtime_seconds")).isPresent();
      assertThat(json.find("downtime_predicted_seconds")).isPresent();
      assertThat(json.get("resumed_before_durable").flag()).isTrue();
      assertThat(json.get("passes").number()).isBetween(2L, 3L);
      Result again =
          Launcher.run(
              saves, Stream.concat(words.stream(), Stream.of("--budget", "0", "-v")).toArray());
      assertThat(again.status()).as(again.err()).isZero();
      assertThat(again.err()).contains("the guest will be stopped").contains("copy 0 MiB aside");
      assertThat(again.out()).contains("the guest runs on (it was stopped for ", ", predicted ");
    }
  }

  private void awaitLine(Launcher launcher) throws IOException, InterruptedException {
    long until = System.nanoTime() + 60_000_000_000L;
    while (!launcher.out().endsWith("\n")) {
      assertThat(launcher.isRunning() && System.nanoTime() < until).as(launcher.err()).isTrue();
      Thread.sleep(20);
    }
  }

  private void awaitSerialOn(Launcher launcher, Path copy, long round)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + 60_000_000_000L;
    do {
      assertThat(launcher.isRunning() && System.nanoTime() < until).as(launcher.err()).isTrue();
      Thread.sleep(20);
      Files.writeString(copy, launcher.err());
    } while (Vm.round(copy) < round);
  }

  @Test
  void foregroundEndsWithTheStatusOfQemu() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path file = saved(qemu);
    List<Object> words = new ArrayList<>(List.of("restore", file, "--"));
    // A command that has QEMU end by itself, and then a status of its own.
    words.addAll(List.of("/bin/sh", "-c", "\"$@\" & sleep 4; kill $!; wait; exit 42", "sh"));
    words.addAll(Vm.command(qemu, image, RAM_MIB, "file:" + directory.resolve("second.txt")));
    Result restore = Launcher.run(saves, words.toArray());
    assertThat(restore.status()).as(restore.err()).isEqualTo(42);
    assertThat(restore.err()).contains("restored " + file + " via ");
    assertThat(restore.out()).isEmpty();
  }

  @Test
  void detachedGuestRunsOnAlone() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path file = saved(qemu);
    Path second = directory.resolve("second.txt");
    Path pid = directory.resolve("pid");
    List<Object> words = new ArrayList<>(List.of("restore", file, "--detach", "--"));
    words.addAll(Vm.command(qemu, image, RAM_MIB, "file:" + second));
    words.addAll(List.of("-pidfile", pid));
    Result restore = Launcher.run(saves, words.toArray());
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(restore.out()).startsWith("restored " + file + " via ").contains("the guest runs");
    ProcessHandle guest =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    try {
      Vm.awaitRound(second, Vm.round(serial) + 2);
      assertThat(guest.isAlive()).isTrue();
    } finally {
      guest.destroyForcibly();
    }
    assertWentOnWhereItWas(serial, second);
  }

  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void stoppedSaveComesBackPausedInWaitingQemu(TestedQemu program)
      throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = saves.resolve("vm.fram");
    try (Vm vm = busyVm(qemu)) {
      String settings = vm.migrationSettings();
      Result save =
          Launcher.run(
              saves,
              "save",
              file,
              "--qmp",
              "unix:" + vm.qmp(),
              "--stop",
              "--then",
              "resume",
              "--format",
              "fixed-ram",
              "--align",
              "page");
      assertThat(save.status()).as(save.err()).isZero();
      assertThat(save.err()).startsWith("fixedram: saved via ").hasLineCount(1);
      assertThat(save.out())
          .startsWith("saved " + file + ": 64")
          .contains(
              " RAM, ", " data, ", " on disk, in ", "; the guest runs on (it was stopped for ")
          .hasLineCount(1);
      assertThat(vm.status()).isEqualTo("running");
      assertThat(vm.migrationSettings()).isEqualTo(settings);
      Vm.awaitRound(serial, Vm.round(serial) + 2);
    }

    Path second = directory.resolve("second.txt");
    try (Vm copy =
        Vm.start(
            directory,
            "copy",
            Vm.command(qemu, image, RAM_MIB, "file:" + second),
            "-incoming",
            "defer")) {
      Result restore =
          Launcher.run(saves, "restore", file, "--via", "lazy", "--paused", "--qmp", copy.qmp());
      assertThat(restore.status()).as(restore.err()).isZero();
      assertThat(restore.out())
          .startsWith("restored " + file + " via lazy: the guest was ready after ")
          // A file with pages at every multiple of their size has no fingerprints.
          .endsWith("; the guest is paused; not verified\n");
      assertThat(copy.status()).isIn("paused", "prelaunch");
      copy.execute("cont", Map.of());
      Vm.awaitRound(second, 4);
      assertThat(SerialReport.read(second).firstBad()).isEmpty();
    }
  }

  @Test
  void streamIsReceivedConvertedAndSent() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path file = saves.resolve("vm.fram");
    Path socket = directory.resolve("in.sock");
    try (Vm vm = busyVm(qemu);
        Launcher receive =
            Launcher.start(
                saves, "receive", file, "--listen", "unix:" + socket, "--output", "json")) {
      vm.await("the socket", () -> Files.exists(socket) || !receive.isRunning());
      vm.execute("migrate-set-parameters", Map.of("max-bandwidth", 0));
      // A stream of a running guest could lack pages that QEMU's own dirty log lost under TCG.
      vm.execute("stop", Map.of());
      vm.execute("migrate", Map.of("uri", "unix:" + socket));
      Result received = receive.result();
      assertThat(received.status()).as(received.err()).isZero();
      assertThat(received.out()).hasLineCount(1);
      assertThat(Json.parse(received.out()).get("format").text()).isEqualTo("mapped-ram");
    }
    assertThat(socket).doesNotExist();

    // Out as a stream, through a pipe, and in again.
    Path again = saves.resolve("again.fram");
    try (Launcher pipe =
        Launcher.shell(
            saves,
            "set -o pipefail; "
                + Launcher.quoted()
                + " convert "
                + file
                + " - --to stream | "
                + Launcher.quoted()
                + " receive "
                + again
                + " --listen - --format fixed-ram -q")) {
      Result piped = pipe.result();
      assertThat(piped.status()).as(piped.err()).isZero();
      assertThat(piped.out()).isEmpty();
      assertThat(piped.err()).startsWith("converted " + file + " to a stream: ").hasLineCount(1);
    }
    assertThat(savedFiles()).containsExactly("again.fram", "vm.fram");

    Path second = directory.resolve("second.txt");
    Path incoming = directory.resolve("incoming.sock");
    try (Vm copy =
        Vm.start(
            directory,
            "copy",
            Vm.command(qemu, image, RAM_MIB, "file:" + second),
            "-incoming",
            "unix:" + incoming)) {
      copy.await("the socket", () -> Files.exists(incoming));
      Result sent = Launcher.run(saves, "send", again, "--connect", "unix:" + incoming);
      assertThat(sent.status()).as(sent.err()).isZero();
      assertThat(sent.out()).startsWith("sent " + again + ": 64").hasLineCount(1);
      copy.await("the end of the stream", () -> !copy.status().equals("inmigrate"));
      copy.execute("cont", Map.of());
      Vm.awaitRound(second, Vm.round(serial) + 2);
    }
    assertWentOnWhereItWas(serial, second);
  }

  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void interruptedSaveLeavesEverythingAsItWas(TestedQemu program)
      throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = saves.resolve("vm.fram");
    byte[] earlier = "an earlier save".getBytes(StandardCharsets.UTF_8);
    Files.write(file, earlier);
    Path source = saved(directory.resolve("other"), qemu);
    try (Vm vm = largeVm(qemu)) {
      String settings = vm.migrationSettings();
      try (Launcher save =
          Launcher.start(saves, "save", "--via", "stream", "--qmp", vm.qmp(), file)) {
        vm.awaitSaveUnderWay();
        // It holds still in the middle of it, and gets the signal when it goes on.
        save.signal("STOP");
        assertThat(vm.isSaving()).isTrue();

        // Meanwhile nobody else can write that file, or save that guest.
        Result convert = Launcher.run(saves, "convert", source, file, "--to", "mapped-ram");
        assertThat(convert.status()).isEqualTo(1);
        assertThat(convert.err())
            .startsWith("fixedram: ")
            .contains(file.toString())
            .hasLineCount(1);
        Result second =
            Launcher.run(saves, "save", "--qmp", vm.testQmp(), saves.resolve("second.fram"));
        assertThat(second.status()).isEqualTo(1);
        assertThat(second.err()).startsWith("fixedram: ").hasLineCount(1);
        assertThat(save.isRunning()).as(save.err()).isTrue();

        save.signal("INT");
        save.signal("CONT");
        Result interrupted = save.result();
        assertThat(interrupted.err()).isEqualTo("fixedram: interrupted, and everything put back\n");
        assertThat(interrupted.status()).isEqualTo(130);
        assertThat(interrupted.out()).isEmpty();
      }
      assertThat(vm.status()).isEqualTo("running");
      assertThat(vm.migrationSettings()).isEqualTo(settings);
      assertThat(Files.readAllBytes(file)).isEqualTo(earlier);
      assertThat(savedFiles()).containsExactly("vm.fram");
      Vm.awaitRound(serial, Vm.round(serial) + 2);

      // And it can still be saved.
      Result save =
          Launcher.run(
              saves, "save", "--via", "stream", "--qmp", vm.qmp(), file, "--stop", "--no-sync");
      assertThat(save.status()).as(save.err()).isZero();
      assertThat(vm.status()).isEqualTo("postmigrate");
    }
  }

  /** A small save of something else. */
  private Path saved(Path elsewhere, Path qemu) throws IOException, InterruptedException {
    Files.createDirectory(elsewhere);
    Path file = elsewhere.resolve("stopped.fram");
    try (Vm vm = Vm.start(elsewhere, "other", Vm.command(qemu, image, RAM_MIB, "null"), "-S")) {
      Result save = Launcher.run(elsewhere, "save", "--qmp", vm.qmp(), file);
      assertThat(save.status()).as(save.err()).isZero();
    }
    return file;
  }

  @Test
  void killedQemuIsToldOfAndNothingIsLeft() throws IOException, InterruptedException {
    try (Vm vm = largeVm(TestedQemu.any());
        Launcher save =
            Launcher.start(
                saves,
                "save",
                "--via",
                "stream",
                "--output",
                "json",
                "--qmp",
                vm.qmp(),
                saves.resolve("vm.fram"))) {
      vm.awaitSaveUnderWay();
      vm.kill();
      Result failed = save.result();
      assertThat(failed.status()).isEqualTo(1);
      assertThat(failed.out()).isEmpty();
      assertThat(failed.err()).startsWith("fixedram: ").hasLineCount(1);
    }
    assertThat(savedFiles()).isEmpty();
  }

  @Test
  void targetsThatCannotBeAreRefusedWhileTheGuestRunsOn() throws IOException, InterruptedException {
    try (Vm vm = busyVm(TestedQemu.any())) {
      String settings = vm.migrationSettings();
      for (Path target : List.of(saves, saves.resolve("missing").resolve("vm.fram"))) {
        Result refused = Launcher.run(saves, "save", "--qmp", vm.qmp(), target);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err())
            .startsWith("fixedram: ")
            .contains(target.toString())
            .hasLineCount(1);
      }
      try (MountedTmpfs mounted = MountedTmpfs.at(saves, "size=16m,ro")) {
        Path target = mounted.path().resolve("vm.fram");
        Result refused = Launcher.run(saves, "save", "--qmp", vm.qmp(), target);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err())
            .startsWith("fixedram: ")
            .contains(target.toString(), "ead-only")
            .hasLineCount(1);
      }
      assertThat(vm.status()).isEqualTo("running");
      assertThat(vm.migrationSettings()).isEqualTo(settings);
      assertThat(savedFiles()).isEmpty();
    }
  }

  @Test
  void fullDiskLeavesTheEarlierSaveAndTheGuest() throws IOException, InterruptedException {
    try (Vm vm = busyVm(TestedQemu.any());
        MountedTmpfs mounted = MountedTmpfs.at(saves, "size=6m")) {
      Path file = mounted.path().resolve("vm.fram");
      Files.writeString(file, "an earlier save");
      String settings = vm.migrationSettings();
      Result failed = Launcher.run(saves, "save", "--qmp", vm.qmp(), file);
      assertThat(failed.status()).isEqualTo(1);
      assertThat(failed.err()).startsWith("fixedram: ").contains("space").hasLineCount(1);
      assertThat(Files.readString(file)).isEqualTo("an earlier save");
      assertThat(savedFiles()).containsExactly("vm.fram");
      assertThat(vm.status()).isEqualTo("running");
      assertThat(vm.migrationSettings()).isEqualTo(settings);
      Vm.awaitRound(serial, Vm.round(serial) + 2);
    }
  }

  /** A guest that runs with a part of its memory, in the middle of its lazy restore. */
  private record Served(Vm guest, Launcher restore, Path serial) implements AutoCloseable {

    /** Lets the command hold still meanwhile. */
    void signal(String... names) throws IOException, InterruptedException {
      restore.signal("STOP");
      for (String name : names) {
        restore.signal(name);
      }
      restore.signal("CONT");
    }

    void awaitWarning() {
      guest.await("a warning", () -> said("warning: the guest still needs pages"));
    }

    private boolean said(String text) {
      try {
        return restore.err().contains(text);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      restore.close();
      guest.close();
    }
  }

  private Path largeSave(Path qemu) throws IOException, InterruptedException {
    Path file = saves.resolve("vm.fram");
    try (Vm vm = largeVm(qemu)) {
      Result save =
          Launcher.run(
              saves, "save", "--via", "stream", "--qmp", vm.qmp(), file, "--stop", "--then",
              "quit");
      assertThat(save.status()).as(save.err()).isZero();
    }
    return file;
  }

  private Served serve(Path qemu, Path file, String name) throws IOException {
    Path second = directory.resolve(name + ".txt");
    Path disk = Vm.image(directory, LARGE_USED_MIB);
    List<String> command = Vm.command(qemu, disk, LARGE_RAM_MIB, "file:" + second);
    Vm guest = Vm.start(directory, name, command, "-incoming", "defer");
    Launcher restore =
        Launcher.start(saves, "restore", file, "--via", "lazy", "--qmp", guest.qmp());
    Served served = new Served(guest, restore, second);
    try {
      guest.await("the guest to run", () -> guest.status().equals("running"));
      return served;
    } catch (RuntimeException | Error e) {
      served.close();
      throw e;
    }
  }

  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void servingHearsTheSecondInterrupt(TestedQemu program) throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = largeSave(qemu);
    try (Served served = serve(qemu, file, "copy")) {
      served.signal("INT");
      served.awaitWarning();
      served.signal("INT");
      Result ended = served.restore().result();
      assertThat(ended.status()).as(ended.err()).isEqualTo(130);
      assertThat(ended.err())
          .contains("a second request stops the guest", "is stopped and must not go on");
      assertThat(served.guest().status()).isEqualTo("paused");
    }
  }

  /** As a service manager sends them, which means it once. */
  @Test
  void termAndHangUpTogetherAreOneInterrupt() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path file = largeSave(qemu);
    try (Served served = serve(qemu, file, "copy")) {
      served.signal("TERM", "HUP");
      served.awaitWarning();
      Result ended = served.restore().result();
      assertThat(ended.status()).as(ended.err()).isZero();
      assertThat(ended.out()).contains("; the guest runs");
      Vm.awaitRound(served.serial(), Vm.round(serial) + 2);
      assertWentOnWhereItWas(serial, served.serial());
    }
  }

  /** The guest is lost; its save is not. */
  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void killedPageServerLeavesTheGuestHanging(TestedQemu program)
      throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = largeSave(qemu);
    try (Served served = serve(qemu, file, "copy")) {
      served.restore().signal("KILL");
      assertThat(served.restore().result().status()).isEqualTo(137);
      Thread.sleep(1000);
      long before = Vm.round(served.serial());
      Thread.sleep(1000);
      assertThat(Vm.round(served.serial())).isEqualTo(before);
      served.guest().kill();
    }
    try (Served served = serve(qemu, file, "copy2")) {
      Result ended = served.restore().result();
      assertThat(ended.status()).as(ended.err()).isZero();
      Vm.awaitRound(served.serial(), Vm.round(serial) + 2);
      assertWentOnWhereItWas(serial, served.serial());
    }
  }

  @Test
  void interruptedReceiveLeavesNothing() throws IOException, InterruptedException {
    TestedQemu.any();
    Path socket = directory.resolve("in.sock");
    try (Launcher receive =
        Launcher.start(saves, "receive", saves.resolve("vm.fram"), "--listen", "unix:" + socket)) {
      long until = System.nanoTime() + 60_000_000_000L;
      while (!Files.exists(socket)) {
        assertThat(receive.isRunning() && System.nanoTime() < until).as(receive.err()).isTrue();
        Thread.sleep(20);
      }
      receive.signal("TERM");
      Result interrupted = receive.result();
      assertThat(interrupted.status()).as(interrupted.err()).isEqualTo(130);
      assertThat(interrupted.err()).isEqualTo("fixedram: interrupted, and everything put back\n");
    }
    assertThat(savedFiles()).isEmpty();
    assertThat(socket).doesNotExist();
  }

  /**
   * As users start it, with the flags of the launcher: the stream grows, the fixed file does not.
   */
  @Test
  void demoMakesThePoint() throws IOException, InterruptedException {
    TestedQemu.any();
    Result demo = Launcher.run(saves, "demo", "--ram", "64", "--output", "json");
    assertThat(demo.status()).as(demo.err()).isZero();
    List<Json> acts = Json.parse(demo.out()).get("acts").items();
    Json stream = acts.get(0);
    Json fixed = acts.get(1);
    assertThat(acts).allMatch(act -> act.get("identical").flag());
    assertThat(stream.get("passes").number()).isEqualTo(fixed.get("passes").number());
    long ram = fixed.get("ram_bytes").number();
    assertThat(stream.get("file_bytes").number()).isGreaterThan(ram * 5 / 4);
    assertThat(fixed.get("file_bytes").number()).isLessThan(ram + (16 << 20));
    assertThat(fixed.get("disk_bytes").number()).isLessThan(ram * 3 / 4);
    assertThat(fixed.get("written_bytes").number()).isGreaterThan(ram);
  }

  @Test
  void outputThatCannotBeWrittenIsASentence() throws IOException, InterruptedException {
    TestedQemu.any();
    try (Launcher full = Launcher.shell(saves, Launcher.quoted() + " --help >/dev/full")) {
      Result result = full.result();
      assertThat(result.status()).isEqualTo(1);
      assertThat(result.err())
          .isEqualTo(
              "fixedram: the result cannot be written to standard output:"
                  + " No space left on device\n");
    }
  }
}
