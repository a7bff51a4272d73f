// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A {@link MemoryGuest} in a QEMU whose RAM is a file, so that a test can see and spoil it. */
final class RunningGuest implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process qemu;
  private final Path serial;
  private final Path errors;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment ram;

  /** Boots {@code guest} from a new image in {@code directory}. */
  RunningGuest(Path directory, Path binary, String machine, int ramMebibytes, MemoryGuest guest)
      throws IOException {
    Path image = directory.resolve("guest.img");
    guest.writeTo(image);
    Path memory = directory.resolve("ram");
    serial = directory.resolve("serial.txt");
    errors = directory.resolve("errors.txt");
    try (FileChannel channel =
        FileChannel.open(
            memory,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      ram = channel.map(MapMode.READ_WRITE, 0, (long) ramMebibytes << 20, arena);
    }
    qemu =
        new ProcessBuilder(
                List.of(
                    binary.toString(),
                    "-accel",
                    "tcg",
                    "-machine",
                    machine + ",memory-backend=ram",
                    "-object",
                    "memory-backend-file,id=ram,share=on,size=%dM,mem-path=%s"
                        .formatted(ramMebibytes, memory),
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
                    "file:" + serial))
            .redirectErrorStream(true)
            .redirectOutput(errors.toFile())
            .start();
  }

  /** The guest's RAM, by offset in QEMU's memory backend, while it runs and after {@link #kill}. */
  MemorySegment ram() {
    return ram;
  }

  SerialReport report() {
    return SerialReport.read(serial);
  }

  SerialReport await(String what, Predicate<SerialReport> condition)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    while (true) {
      boolean running = qemu.isAlive();
      SerialReport report = report();
      if (condition.test(report)) {
        return report;
      }
      assertThat(running && System.nanoTime() - start < PATIENCE.toNanos())
          .as("waiting for %s: %s, QEMU says: %s", what, report, Files.readString(errors))
          .isTrue();
      Thread.sleep(10);
    }
  }

  SerialReport awaitGeneration(long generation) throws IOException, InterruptedException {
    return await(
        "generation " + generation, report -> report.lastGeneration().orElse(0) >= generation);
  }

  void kill() {
    qemu.destroyForcibly().onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    kill();
    arena.close();
  }
}
