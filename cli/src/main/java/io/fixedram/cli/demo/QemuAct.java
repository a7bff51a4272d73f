// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.host.CommandStarter;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreListener;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Part of the demo: a virtual machine of QEMU, which boots a {@link MemoryGuest} that keeps writing
 * to its memory and verifies it in every round. It is saved while it runs, its QEMU ends, and a new
 * QEMU restores it; the rounds must continue without errors.
 */
final class QemuAct {
  private static final MemoryGuest GUEST =
      new MemoryGuest(List.of(new MemoryGuest.Region(16L << 20, 8192)), 10_000);
  private static final int ROUNDS = 3;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final int MAX_PASSES = 10;

  private final Path qemu;
  private final ScratchDirectory directory;
  private final Consumer<String> lines;
  private final TransferListener listener;
  private final Cancellation cancellation;

  QemuAct(
      Path qemu,
      ScratchDirectory directory,
      Consumer<String> lines,
      TransferListener listener,
      Cancellation cancellation) {
    this.qemu = qemu;
    this.directory = directory;
    this.lines = lines;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  DemoAct run() {
    GUEST.writeTo(directory.resolve("boot.img"));
    Path before = directory.resolve("serial-before.txt");
    Path after = directory.resolve("serial-after.txt");
    Path file = directory.resolve("guest.fram");
    SaveReport saved = save(before, file);
    lines.accept("  the guest said      " + lastLine(before) + ", then its QEMU ended");
    try (CommandStarter starter = CommandStarter.detached(false);
        RestoredGuest restored = restore(file, command(after), starter)) {
      try {
        awaitRounds(after);
      } finally {
        restored.end();
      }
      boolean identical = isExact(before, after);
      tell(saved, restored.awaitResident(), after, identical);
      return new DemoAct(
          "QEMU, live",
          identical,
          saved.ramBytes(),
          saved.passes(),
          saved.writtenBytes(),
          saved.fileBytes(),
          saved.diskBytes(),
          saved.seconds(),
          saved.downtimeSeconds(),
          restored.awaitResident().seconds());
    }
  }

  private RestoredGuest restore(Path file, List<String> command, CommandStarter starter) {
    return GuestRestore.of(file, command)
        .starter(starter)
        .listener(RestoreListener.of(listener))
        .cancellation(cancellation)
        .run();
  }

  private SaveReport save(Path serial, Path file) {
    Process process = Launch.of(command(serial)).withLog(directory.resolve("qemu.log")).start();
    try {
      awaitRounds(serial);
      return GuestSave.of(qmp(), file)
          .then(AfterSave.QUIT)
          .maxPasses(MAX_PASSES)
          .listener(listener)
          .cancellation(cancellation)
          .run();
    } finally {
      process.destroyForcibly();
    }
  }

  private List<String> command(Path serial) {
    return List.of(
        qemu.toString(),
        "-m",
        "128M",
        "-nodefaults",
        "-display",
        "none",
        "-drive",
        "file=" + directory.resolve("boot.img") + ",format=raw,snapshot=on",
        "-serial",
        "file:" + serial,
        "-qmp",
        "unix:" + directory.resolve("qmp") + ",server=on,wait=off");
  }

  private Endpoint qmp() {
    return new Endpoint.Unix(directory.resolve("qmp"));
  }

  private void awaitRounds(Path serial) {
    long until = System.nanoTime() + TIMEOUT.toNanos();
    while (rounds(SerialReport.read(serial)) < ROUNDS) {
      cancellation.throwIfCancelled();
      if (System.nanoTime() > until) {
        throw new FixedRamException(
            "the demo's guest has said nothing for "
                + TIMEOUT.toSeconds()
                + " s; try "
                + qemu
                + " by hand");
      }
      pause();
    }
  }

  private static long rounds(SerialReport report) {
    return report.lastGeneration().isPresent()
        ? report.lastGeneration().getAsLong() - report.firstGeneration().orElseThrow() + 1
        : 0;
  }

  private void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      cancellation.cancel();
    }
  }

  private static boolean isExact(Path before, Path after) {
    SerialReport report = SerialReport.of(text(before) + text(after));
    return report.ready() && report.consecutive() && report.firstBad().isEmpty();
  }

  private static String text(Path serial) {
    try {
      return Files.readString(serial, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new StorageException("cannot read " + serial + ": " + e.getMessage(), e);
    }
  }

  private static String lastLine(Path serial) {
    List<String> all = text(serial).lines().filter(line -> line.startsWith("gen ")).toList();
    return all.isEmpty() ? "nothing" : "'" + all.getLast().strip() + "'";
  }

  private void tell(SaveReport saved, RestoreReport restored, Path after, boolean identical) {
    lines.accept(
        "  saved live          "
            + Amounts.bytes(saved.ramBytes())
            + " RAM into "
            + Amounts.bytes(saved.diskBytes())
            + " on disk in "
            + Amounts.seconds(saved.seconds())
            + ", "
            + saved.passes()
            + " passes");
    lines.accept(
        "  restored            --via "
            + restored.mode().text()
            + ", into a new QEMU: running after "
            + Amounts.seconds(restored.runningSeconds())
            + restored
                .serving()
                .map(serving ->
                    ", all memory loaded after "
                        + Amounts.seconds(serving.residentSeconds().orElse(restored.seconds())))
                .orElse(""));
    lines.accept("  there it said       " + lastLine(after));
    lines.accept(
        identical
            ? "  its own check       every page right, no round lost or done twice"
            : "  its own check       FAILED");
  }
}
