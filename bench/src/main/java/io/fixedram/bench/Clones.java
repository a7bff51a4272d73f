// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.file.SaveInfo;
import io.fixedram.file.WriteOptions;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Cancellation;
import io.fixedram.qemu.AfterSave;
import io.fixedram.qemu.GuestRestore;
import io.fixedram.qemu.GuestSave;
import io.fixedram.qemu.RestoreReport;
import io.fixedram.qemu.RestoreRequest;
import io.fixedram.qemu.RestoreTarget;
import io.fixedram.qemu.RestoreVia;
import io.fixedram.qemu.RestoredGuest;
import io.fixedram.qemu.SaveRequest;
import io.fixedram.qemu.TransferListener;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures many guests that are started from one save at once, by one way after the other: how long
 * until all run, and how much memory they take together. The guests are test guests of this project
 * under TCG, which check their memory as they run; they start on the same disk image.
 *
 * <pre>
 *   mvn -q package -DskipTests
 *   java --enable-native-access=ALL-UNNAMED -cp 'bench/target/lib/*:bench/target/classes' \
 *       io.fixedram.bench.Clones QEMU [RAM in MiB] [data in MiB] [clones] [ways]
 * </pre>
 *
 * <p>Memory is the sum of what Linux says of each QEMU in smaps_rollup: Pss, in which a page that
 * several share counts once in all, and of it the part that is no page of a file.
 */
public final class Clones {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration LATER = Duration.ofSeconds(5);

  /** Leaves a guest time to do nothing in, as guests have. */
  private static final long DELAY_TURNS = 20_000;

  private static final int WARM_UPS = 3;
  private static final String MACHINE = "pc-i440fx-7.2";

  private final Path qemu;
  private final int ramMebibytes;
  private final int clones;
  private final Path directory;
  private final Path save;
  private final Path image;

  private Clones(Path qemu, int ramMebibytes, int dataMebibytes, int clones, Path directory) {
    this.qemu = qemu;
    this.ramMebibytes = ramMebibytes;
    this.clones = clones;
    this.directory = directory;
    this.save = directory.resolve("guest.fram");
    this.image = directory.resolve("guest.img");
    new MemoryGuest(List.of(new Region(16 << 20, dataMebibytes * 256L)), DELAY_TURNS)
        .writeTo(image);
  }

  /** What a set of processes takes, in bytes. */
  private record Memory(long pss, long anonymous) {
    static Memory ofDescendants() throws IOException {
      long pss = 0;
      long anonymous = 0;
      for (ProcessHandle process : ProcessHandle.current().descendants().toList()) {
        Path file = Path.of("/proc/" + process.pid() + "/smaps_rollup");
        for (String line : Files.readAllLines(file)) {
          if (line.startsWith("Pss:")) {
            pss += bytes(line);
          } else if (line.startsWith("Pss_Anon:") || line.startsWith("Pss_Shmem:")) {
            anonymous += bytes(line);
          }
        }
      }
      return new Memory(pss, anonymous);
    }

    private static long bytes(String line) {
      return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
    }
  }

  /** Runs it. */
  public static void main(String[] arguments)
      throws IOException, InterruptedException, ExecutionException {
    if (arguments.length == 0) {
      System.err.println("usage: Clones QEMU [RAM in MiB] [data in MiB] [clones] [way]...");
      System.exit(2);
    }
    int ram = number(arguments, 1, 512);
    Path directory = Files.createTempDirectory("fixedram-clones-");
    Clones bench =
        new Clones(
            Path.of(arguments[0]),
            ram,
            number(arguments, 2, ram / 2),
            number(arguments, 3, 8),
            directory);
    try {
      bench.saveGuest();
      for (RestoreVia via : ways(arguments)) {
        bench.warmUp(via);
        bench.measure(via);
      }
    } finally {
      ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  private static int number(String[] arguments, int index, int otherwise) {
    return index < arguments.length ? Integer.parseInt(arguments[index]) : otherwise;
  }

  private static List<RestoreVia> ways(String[] arguments) {
    List<RestoreVia> ways = new ArrayList<>();
    for (int i = 4; i < arguments.length; i++) {
      ways.add(RestoreVia.parse(arguments[i]).orElseThrow());
    }
    return ways.isEmpty() ? List.of(RestoreVia.INSTANT, RestoreVia.STREAM) : ways;
  }

  private List<String> command(String name) {
    return List.of(
        qemu.toString(),
        "-accel",
        "tcg",
        "-machine",
        MACHINE,
        "-m",
        ramMebibytes + "M",
        "-nodefaults",
        "-display",
        "none",
        "-vga",
        "none",
        "-drive",
        "format=raw,snapshot=on,file=" + image,
        "-serial",
        "file:" + serial(name));
  }

  private Path serial(String name) {
    return directory.resolve(name + ".serial");
  }

  private void saveGuest() throws IOException, InterruptedException {
    Path socket = directory.resolve("qmp");
    List<String> words = new ArrayList<>(command("source"));
    words.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    Process process = new ProcessBuilder(words).inheritIO().start();
    awaitGeneration("source", 5);
    SaveRequest request =
        new SaveRequest(
            new Endpoint.Unix(socket),
            save,
            SaveFormat.MAPPED_RAM,
            true,
            AfterSave.QUIT,
            WriteOptions.defaults(),
            0);
    GuestSave.run(request, TransferListener.NONE, new Cancellation());
    process.waitFor();
    System.out.printf(
        "%d guests of %d MiB; %d MiB of data in the save%n",
        clones, ramMebibytes, SaveInfo.of(save).diskBytes() >> 20);
    System.out.printf(
        "%-8s %12s %12s %12s %12s %12s %12s%n",
        "via", "first runs", "all run", "Pss", "of it anon", "Pss later", "anon later");
  }

  private void awaitGeneration(String name, long generation) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    SerialReport report = SerialReport.read(serial(name));
    while (report.lastGeneration().orElse(0) < generation) {
      if (report.firstBad().isPresent() || System.nanoTime() > until) {
        throw new IllegalStateException(name + " does not go on: " + report);
      }
      Thread.sleep(5);
      report = SerialReport.read(serial(name));
    }
  }

  /** Has Java load and compile what one restore needs, as a long-running manager of guests has. */
  private void warmUp(RestoreVia via) {
    for (int i = 0; i < WARM_UPS; i++) {
      try (RestoredGuest guest = restore(via, "warm")) {
        guest.forwardSignalAndWait();
      }
    }
  }

  private void measure(RestoreVia via)
      throws IOException, InterruptedException, ExecutionException {
    long start = System.nanoTime();
    List<Future<RestoredGuest>> starting = new ArrayList<>();
    List<RestoredGuest> guests = new ArrayList<>();
    double first = Double.POSITIVE_INFINITY;
    try (ExecutorService threads = Executors.newFixedThreadPool(clones)) {
      for (int i = 0; i < clones; i++) {
        String name = via.text() + i;
        starting.add(threads.submit(() -> restore(via, name)));
      }
      for (Future<RestoredGuest> each : starting) {
        RestoredGuest guest = each.get();
        RestoreReport report = guest.report();
        first = Math.min(first, report.downtimeSeconds());
        guests.add(guest);
      }
    }
    double all = (System.nanoTime() - start) / 1e9;
    Memory running = Memory.ofDescendants();
    Thread.sleep(LATER.toMillis());
    Memory later = Memory.ofDescendants();
    for (int i = 0; i < clones; i++) {
      String name = via.text() + i;
      awaitGeneration(name, 1);
    }
    System.out.printf(
        "%-8s %10.2f s %10.2f s %8d MiB %8d MiB %8d MiB %8d MiB%n",
        via.text(),
        first,
        all,
        running.pss >> 20,
        running.anonymous >> 20,
        later.pss >> 20,
        later.anonymous >> 20);
    for (RestoredGuest guest : guests) {
      guest.forwardSignalAndWait();
      guest.close();
    }
  }

  private RestoredGuest restore(RestoreVia via, String name) {
    RestoreRequest request =
        new RestoreRequest(save, via, false, false, new RestoreTarget.Command(command(name)));
    return GuestRestore.run(request, TransferListener.NONE, new Cancellation());
  }
}
