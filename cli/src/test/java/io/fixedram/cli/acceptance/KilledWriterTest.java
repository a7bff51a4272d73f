// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.verify.Verification;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each command that writes a save is killed at any instant: the name has the earlier save or the
 * new one, complete, a guest that ran runs, and the next save of that name removes what was left. A
 * short look, or with {@code -Dfixedram.write.kills=500} a long one; results are in
 * docs/promises.md; {@code -Dfixedram.seed=1} is for other instants.
 */
@Tag("qemu")
class KilledWriterTest {
  private static final int KILLS = Integer.getInteger("fixedram.write.kills", 25);
  private static final long SEED = Long.getLong("fixedram.seed", 20261128);

  /** From the start of a command to its end, about. */
  private static final int MAX_DELAY_MILLIS = 1000;

  /** From the first byte of the file to the last, about. */
  private static final int WRITING_MILLIS = 250;

  @TempDir Path directory;

  /** A command that writes, and the file that it writes. */
  private enum Writer {
    MEMORY,
    STREAM,
    RECEIVE,
    CONVERT,
    SEAL;

    String file() {
      return name().toLowerCase(Locale.ROOT) + ".fram";
    }

    boolean isOfGuest() {
      return this == MEMORY || this == STREAM;
    }
  }

  /** What the kills met. */
  private static final class Tally {
    private int ended;
    private int writing;
    private int kept;
    private int replaced;
  }

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @ParameterizedTest
  @EnumSource
  void earlierOrNewAndTheGuestRuns(TestedQemu version, TestReporter reporter)
      throws IOException, InterruptedException {
    int kills = version == TestedQemu.QEMU_7 ? KILLS / 2 : KILLS - KILLS / 2;
    Path files = Files.createDirectory(directory.resolve("files"));
    Path serial = directory.resolve("serial");
    List<String> command =
        Vm.command(version.binary(), Vm.image(directory, 64), 96, "file:" + serial);
    Map<Writer, Tally> tallies = new EnumMap<>(Writer.class);
    Random random = new Random(SEED + kills);
    try (Vm vm = Vm.start(directory, "vm", command);
        QmpClient client = QmpClient.connect(new Endpoint.Unix(vm.testQmp()))) {
      Vm.awaitRound(serial, 1);
      Path first = directory.resolve("first");
      Launcher.Result saved =
          Launcher.run(
              files, "save", "--qmp", vm.qmp(), "--via", "stream", "--then", "resume", first);
      assertThat(saved.status()).as(saved.err()).isZero();
      Path stream = copy(first, "stream", SaveFormat.STREAM);
      Path plain = copy(first, "plain", SaveFormat.MAPPED_RAM);
      long sum = PageSum.of(first);
      for (Writer writer : Writer.values()) {
        Files.copy(writer == Writer.SEAL ? plain : first, files.resolve(writer.file()));
      }
      for (int i = 0; i < kills; i++) {
        Writer writer = Writer.values()[i % Writer.values().length];
        Tally tally = tallies.computeIfAbsent(writer, _ -> new Tally());
        Path file = files.resolve(writer.file());
        if (writer == Writer.SEAL) {
          Files.copy(plain, file, StandardCopyOption.REPLACE_EXISTING);
        }
        String before = Files.readAttributes(file, "unix:ino,size").toString();
        boolean waits = random.nextBoolean();
        try (Launcher launcher = start(writer, vm, first, stream, file)) {
          if (waits) {
            awaitWriting(writer, file, launcher);
          }
          Thread.sleep(random.nextInt(waits ? WRITING_MILLIS : MAX_DELAY_MILLIS));
          tally.ended += launcher.isRunning() ? 0 : 1;
          launcher.kill();
          launcher.result();
        }
        tally.writing += Files.exists(partial(file)) ? 1 : 0;
        boolean kept = Files.readAttributes(file, "unix:ino,size").toString().equals(before);
        tally.kept += kept ? 1 : 0;
        tally.replaced += kept ? 0 : 1;
        check(writer, file, sum);
        assertThat(names(files)).containsAll(finalNames()).hasSizeLessThan(12);
        vm.await("the guest to run", () -> isRunning(client));
        vm.await("its migration to end", () -> !isMigrating(client));
      }
      // The next save of each name removes what was left.
      for (Writer writer : Writer.values()) {
        try (Launcher launcher = start(writer, vm, first, stream, files.resolve(writer.file()))) {
          Launcher.Result result = launcher.result();
          assertThat(result.status() == 0 || result.err().contains("is sealed already"))
              .as(result.err())
              .isTrue();
        }
        check(writer, files.resolve(writer.file()), sum);
      }
      assertThat(names(files)).containsExactlyInAnyOrderElementsOf(finalNames());
      long round = Vm.round(serial);
      Vm.awaitRound(serial, round + 1);
    }
    tallies.forEach((writer, tally) ->
        reporter.publishEntry(
            version + " " + writer,
            tally.ended
                + " had ended, "
                + tally.writing
                + " left an unfinished file, "
                + tally.kept
                + " left the earlier file, "
                + tally.replaced
                + " the new one"));
  }

  private static List<String> finalNames() {
    return Stream.of(Writer.values()).map(Writer::file).toList();
  }

  private static List<String> names(Path files) throws IOException {
    try (Stream<Path> all = Files.list(files)) {
      return all.map(file -> file.getFileName().toString()).toList();
    }
  }

  /** The same guest in another form: a stream, or a file without a seal. */
  private Path copy(Path from, String name, SaveFormat format) {
    Path to = directory.resolve(name);
    WriteOptions options = new WriteOptions(DirectMode.AUTO, false, 1 << 20).notSealed();
    try (PageStore save = Saves.open(from);
        SaveWriter writer = SaveWriter.create(to, format, options)) {
      save.sendTo(writer.sink());
      writer.publish();
    }
    return to;
  }

  private Launcher start(Writer writer, Vm vm, Path first, Path stream, Path file)
      throws IOException {
    Path beside = directory.resolve("files");
    return switch (writer) {
      case MEMORY, STREAM ->
          Launcher.start(
              beside,
              "save",
              "--qmp",
              vm.qmp(),
              "--via",
              writer.name().toLowerCase(Locale.ROOT),
              "--then",
              "resume",
              file);
      case RECEIVE ->
          Launcher.shell(
              beside,
              "exec " + Launcher.quoted() + " receive --listen - '" + file + "' <'" + stream + "'");
      case CONVERT -> Launcher.start(beside, "convert", "--to", "fixed-ram", first, file);
      case SEAL -> Launcher.start(beside, "seal", file);
    };
  }

  private static Path partial(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".partial");
  }

  private static void awaitWriting(Writer writer, Path file, Launcher launcher)
      throws IOException, InterruptedException {
    long size = Files.size(file);
    while (launcher.isRunning()
        && !(writer == Writer.SEAL ? Files.size(file) != size : Files.exists(partial(file)))) {
      Thread.sleep(1);
    }
  }

  private static void check(Writer writer, Path file, long sum) {
    boolean sealed;
    try (PageStore save = Saves.open(file)) {
      sealed = save.seal().isPresent();
    }
    if (sealed || writer != Writer.SEAL) {
      assertThat(Verification.run(file, 2, new Cancellation()).damage())
          .as(file.toString())
          .isEmpty();
    }
    if (!writer.isOfGuest()) {
      assertThat(PageSum.of(file)).as(file.toString()).isEqualTo(sum);
    }
  }

  private static boolean isRunning(QmpClient client) {
    return client.execute("query-status").get("running").flag();
  }

  private static boolean isMigrating(QmpClient client) {
    return List.of("setup", "active", "device", "pre-switchover", "cancelling")
        .contains(client.execute("query-migrate").findText("status").orElse(""));
  }
}
