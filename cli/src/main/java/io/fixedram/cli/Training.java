// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Terminal;
import io.fixedram.cli.demo.DemoSettings;
import io.fixedram.cli.demo.ServedDemo;
import io.fixedram.cli.training.TrainingQemu;
import io.fixedram.error.StorageException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.mapping.SaveHold;
import io.fixedram.os.TemporaryDirectory;
import io.fixedram.os.UnixSocket;
import io.fixedram.pageserver.FaultTimes;
import io.fixedram.pageserver.HotFile;
import io.fixedram.pageserver.HotPages;
import io.fixedram.pageserver.Lifeline;
import io.fixedram.pageserver.PageServer;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs commands on a tiny save, and with tiny guests that need no QEMU, so that Java can record the
 * loaded classes in its ahead-of-time cache ({@code -XX:AOTCacheOutput}), which makes the program
 * start much faster.
 */
public final class Training {
  private static final int PAGE_SIZE = 4096;
  private static final int RAM_SECTION_ID = 2;

  /** Major versions of QEMU: one that does not list where its memory is, and one that does. */
  private static final int OLD_QEMU = 7;

  private static final int NEW_QEMU = 10;

  /** Memory of the guests. */
  private static final long RAM_BYTES = 2 << 20;

  private Training() {}

  /** Runs the commands without any output. */
  public static void main(String[] args) throws IOException {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.create(parent, "fixedram-training-")) {
      Path directory = temporary.path();
      Path save = directory.resolve("save");
      Path copy = directory.resolve("copy");
      write(save);
      run("--help");
      run("convert", "--help");
      run("convert", save.toString(), copy.toString(), "--to", "stream", "-p");
      run("convert", copy.toString(), save.toString(), "--to", "mapped-ram", "--output", "json");
      serve(save);
      run("info", save.toString());
      run("info", copy.toString(), "--output", "json");
      // No process listens there, so these commands fail after loading most classes.
      String nobody = directory.resolve("qmp").toString();
      run("save", "--qmp", nobody, save.toString());
      run("restore", save.toString(), "--qmp", nobody);
      saveInPlace(directory, copy);
      restoreInPlace(directory, copy);
      saveByStream(directory, copy);
    }
  }

  /**
   * Saves a guest in place, stopped and live, whose QEMU lists its addresses; then an older one.
   */
  private static void saveInPlace(Path directory, Path file) {
    for (int version : new int[] {OLD_QEMU, NEW_QEMU}) {
      Path socket = directory.resolve("qmp-" + version);
      try (TrainingQemu _ = TrainingQemu.listen(socket, version, "running", RAM_BYTES)) {
        List<String> words =
            List.of("save", "--qmp", socket.toString(), file.toString(), "--then", "resume");
        run(with(words, "--via", "memory"));
        run(with(words, "--via", "memory", "--stop", "--output", "json"));
        run(words.toArray(String[]::new));
      }
    }
  }

  /** Begins to restore a guest; the QEMU refuses to load its devices. */
  private static void restoreInPlace(Path directory, Path file) {
    for (String mode : List.of("memory", "lazy")) {
      Path socket = directory.resolve("qmp-" + mode);
      try (TrainingQemu _ = TrainingQemu.listen(socket, NEW_QEMU, "inmigrate", RAM_BYTES)) {
        run("restore", file.toString(), "--via", mode, "--qmp", socket.toString());
      }
    }
  }

  /** Saves the guest of the demonstration by a migration stream. */
  private static void saveByStream(Path directory, Path file) {
    Path socket = directory.resolve("served");
    ServedDemo.run(
        DemoSettings.served(RAM_BYTES),
        socket,
        () ->
            run(
                "save",
                "--via",
                "stream",
                "--qmp",
                socket.toString(),
                file.toString(),
                "--then",
                "quit"),
        new Cancellation());
  }

  private static String[] with(List<String> words, String... more) {
    return Stream.concat(words.stream(), Stream.of(more)).toArray(String[]::new);
  }

  private static void run(String... words) {
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream(),
            StandardCharsets.UTF_8,
            false,
            true,
            80);
    Main.run(List.of(words), terminal, new Cancellation());
  }

  /** Does nothing, since there is no guest. */
  private record NoLifeline() implements Lifeline {
    @Override
    public void failed(Throwable reason) {
      // There is no guest to stop.
    }

    @Override
    public void awaitStop() {
      // There is no guest to wait for.
    }
  }

  /** Serves a save to a destination that disconnects after the first read. */
  private static void serve(Path file) {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (PageStore save = Saves.open(file);
        SaveHold _ = SaveHold.take(save.localFile().orElseThrow());
        UnixSocket far = pair.right()) {
      HotFile hotFile = HotFile.of(save.localFile().orElseThrow(), save.header().blocks());
      HotPages hot = hotFile.load();
      PageServer server = new PageServer(save, hot, new FaultTimes(), new NoLifeline(), false);
      Thread.ofPlatform().start(() -> readOnce(far));
      server.serve(pair.left(), new TransferCounters(), new Cancellation());
    } catch (StorageException e) {
      // The destination has disconnected.
    }
  }

  private static void readOnce(UnixSocket socket) {
    try (socket) {
      var _ = socket.read(ByteBuffer.allocate(PAGE_SIZE));
    }
  }

  /** Writes a save of two pages of RAM, the second one zero, and no devices. */
  private static void write(Path file) {
    RamBlock block = new RamBlock(0, "pc.ram", 2 * PAGE_SIZE);
    try (Arena arena = Arena.ofConfined();
        SaveWriter writer =
            SaveWriter.create(file, SaveFormat.FIXED_RAM, WriteOptions.defaults())) {
      MemorySegment page = arena.allocate(PAGE_SIZE);
      page.fill((byte) 1);
      SaveSink sink = writer.sink();
      sink.begin(
          new SaveHeader(
              Configuration.of("training"),
              new RamBlocks(PAGE_SIZE, List.of(block)),
              RAM_SECTION_ID));
      sink.data(block, 0, page, 0, PAGE_SIZE);
      sink.zero(block, PAGE_SIZE, PAGE_SIZE);
      // Only the EOF byte of the stream.
      sink.end(new DeviceState(arena.allocate(1), 0, Optional.empty()));
      writer.publish();
    }
  }
}
