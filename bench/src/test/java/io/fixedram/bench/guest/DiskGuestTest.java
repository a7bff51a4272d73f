// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A Linux guest that writes to an ext4 file system all the while, is saved with snapshots of its
 * disk and restored with new overlays, several times at once. It checks its file system itself,
 * before and after ({@code disk-guest.sh}).
 *
 * <p>Property {@code fixedram.disk.saves} sets the number of saves, and {@code
 * fixedram.disk.restores} how often each one is restored.
 */
@Tag("qemu")
class DiskGuestTest {
  private static final int SAVES = Integer.getInteger("fixedram.disk.saves", 2);
  private static final int RESTORES = Integer.getInteger("fixedram.disk.restores", 1);
  private static final int DISK_BYTES = 48 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Pattern ROUND = Pattern.compile("disk guest (?:round|checked) ([0-9]+)");
  private static final Pattern PATH = Pattern.compile("(/[^ ]+) \\(0x");
  private static final List<String> MODULES =
      List.of(
          "virtio/virtio",
          "virtio/virtio_ring",
          "virtio/virtio_pci_modern_dev",
          "virtio/virtio_pci_legacy_dev",
          "virtio/virtio_pci",
          "block/virtio_blk");

  @TempDir Path directory;

  private Path kernel = Path.of("vmlinuz");

  private Path disk() {
    return directory.resolve("disk.raw");
  }

  private static LinuxParts parts() {
    Optional<LinuxParts> cached = LinuxParts.cached();
    if (cached.isPresent()) {
      return cached.get();
    }
    try {
      return LinuxParts.fetch(new Cancellation());
    } catch (FixedRamException e) {
      assumeTrue(false, "no kernel and busybox for a guest with a disk: " + e.getMessage());
      throw e;
    }
  }

  private static Path program(String name) {
    Optional<Path> found =
        Programs.find(name)
            .or(() -> Optional.of(Path.of("/usr/sbin", name)).filter(Files::isExecutable));
    assumeTrue(found.isPresent(), "this machine has no " + name);
    return found.orElseThrow();
  }

  private static String run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private void makeGuest() throws Exception {
    LinuxParts parts = parts();
    kernel = parts.kernel();
    Path e2fsck = program("e2fsck");
    try (RandomAccessFile file = new RandomAccessFile(disk().toFile(), "rw")) {
      file.setLength(DISK_BYTES);
    }
    String _ = run(List.of(program("mke2fs").toString(), "-q", "-t", "ext4", disk().toString()));
    CpioArchive archive = new CpioArchive();
    TreeSet<Path> files = new TreeSet<>();
    TreeSet<Path> directories = new TreeSet<>();
    PATH.matcher(run(List.of("ldd", e2fsck.toString())))
        .results()
        .map(found -> Path.of(found.group(1)))
        .forEach(files::add);
    for (Path file : files) {
      for (int names = 1; names < file.getNameCount(); names++) {
        directories.add(file.subpath(0, names));
      }
    }
    for (String each : List.of("dev", "bin", "sbin", "modules")) {
      archive.directory(each);
    }
    directories.forEach(each -> archive.directory(each.toString()));
    archive.characterDevice("dev/console", 5, 1);
    archive.program("bin/busybox", Files.readAllBytes(parts.busybox()));
    archive.program("sbin/e2fsck", Files.readAllBytes(e2fsck));
    for (Path file : files) {
      archive.program(file.toString().substring(1), Files.readAllBytes(file));
    }
    String version = kernel.toString().replaceFirst(".*/vmlinuz-", "");
    Path drivers = kernel.resolve("../../lib/modules/" + version + "/kernel/drivers").normalize();
    for (String module : MODULES) {
      Path file = drivers.resolve(module + ".ko");
      assumeTrue(Files.exists(file), "the guest's kernel has no module " + file);
      archive.program(
          "modules/" + module.replaceFirst(".*/", "") + ".ko", Files.readAllBytes(file));
    }
    try (InputStream init = DiskGuestTest.class.getResourceAsStream("disk-guest.sh")) {
      archive.program("init", Objects.requireNonNull(init).readAllBytes());
    }
    archive.writeTo(directory.resolve("initrd"));
  }

  private List<String> command(TestedQemu version, String name) {
    return List.of(
        version.binary().toString(),
        "-accel",
        "tcg",
        "-machine",
        "pc-i440fx-7.2",
        "-m",
        "128M",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        kernel.toString(),
        "-initrd",
        directory.resolve("initrd").toString(),
        "-append",
        "console=ttyS0 quiet panic=-1",
        "-drive",
        "if=none,id=d,format=raw,file=" + disk(),
        "-device",
        "virtio-blk-pci,drive=d",
        "-serial",
        "file:" + directory.resolve(name + ".serial"));
  }

  private String serial(String name) {
    try {
      Path file = directory.resolve(name + ".serial");
      return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until the guest has been through more rounds, and has had its file system checked. */
  private void awaitGoodRounds(String name, int rounds) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    int had = ROUND.matcher(serial(name)).results().toList().size();
    while (true) {
      String said = serial(name);
      assertThat(said).as(name).doesNotContain("bad", "EXT4-fs error", "I/O error", "panic");
      List<MatchResult> found = ROUND.matcher(said).results().toList();
      boolean checked = found.stream().skip(had).anyMatch(each -> each.group().contains("checked"));
      if (found.size() >= had + rounds && checked) {
        return;
      }
      assertThat(System.nanoTime()).as("waiting for " + name + ": " + said).isLessThan(until);
      Thread.sleep(20);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(3600)
  void fileSystemFitsTheMemoryAfterEveryRestore(TestedQemu version) throws Exception {
    makeGuest();
    Path socket = directory.resolve("qmp");
    List<String> command = new ArrayList<>(command(version, "source"));
    command.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    Process source =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("source.log").toFile())
            .start();
    try {
      awaitGoodRounds("source", 1);
      for (int i = 0; i < SAVES; i++) {
        Path file = directory.resolve("guest" + i + ".fram");
        GuestSave request =
            GuestSave.of(new Endpoint.Unix(socket), file)
                .then(AfterSave.RESUME)
                .diskSnapshot(Optional.empty());
        var report =
            (i % 2 == 0 ? request.mode(SaveMode.MEMORY) : request.mode(SaveMode.STREAM).stopFirst())
                .run();
        assertThat(report.overlays()).hasSize(1);
        restore(version, file, i);
      }
      awaitGoodRounds("source", 3);
    } finally {
      source.destroyForcibly().waitFor();
    }
  }

  private void restore(TestedQemu version, Path file, int number) throws Exception {
    List<RestoredGuest> guests = new ArrayList<>();
    try {
      for (int i = 0; i < RESTORES; i++) {
        String name = "restored" + number + "-" + i;
        guests.add(
            GuestRestore.of(file, command(version, name))
                .newOverlays(directory)
                .starter(QemuStarter.logging(directory.resolve(name + ".log")))
                .run());
      }
      for (int i = 0; i < RESTORES; i++) {
        awaitGoodRounds("restored" + number + "-" + i, 3);
      }
    } finally {
      for (RestoredGuest guest : guests) {
        try (guest) {
          guest.terminate();
          guest.waitForExit();
        }
      }
    }
  }
}
