// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.AtomicDirtyLog;
import io.fixedram.memory.DirtyLog;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.memory.MemorySink;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.migration.MigrationStatus;
import io.fixedram.os.Errno;
import io.fixedram.stream.StreamDecoder;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A failure or a cancel at every step: whatever the step, the guest runs on with its memory as it
 * wrote it, the dirty log has every mark, an earlier file is as it was and nothing lies beside it,
 * and the memory can be saved again.
 */
class FaultsTest {
  private static final RamBlocks BLOCKS = Blocks.of(300, 0, 1, 70);
  private static final MigrationParameters PARAMETERS =
      MigrationParameters.defaults()
          .withMaxBandwidth(0)
          .withDowntimeLimit(Duration.ZERO)
          .withMaxPasses(3);
  private static final WriteOptions OPTIONS = new WriteOptions(DirectMode.OFF, false, 1);
  private static final String EARLIER = "an earlier save";
  private static final String FAULT = "a fault of the test";

  @TempDir Path directory;

  /** What all of this works on. */
  private record Setting(GuestMemory memory, PassGuest guest, Steps steps) {
    static Setting of(Steps steps) {
      GuestMemory plain = Blocks.filled(Arena.ofAuto(), BLOCKS, new Random(7));
      DirtyLog log = steps.log(new AtomicDirtyLog(BLOCKS));
      GuestMemory memory =
          GuestMemory.of(BLOCKS, BLOCKS.list().stream().map(plain::segment).toList(), log);
      PassGuest guest = new PassGuest(memory, 8);
      guest.write();
      return new Setting(memory, guest, steps);
    }
  }

  private Path file() throws IOException {
    return Files.writeString(directory.resolve("save"), EARLIER);
  }

  @Test
  void failingSourceOrSinkLeavesAllAsItWas() {
    List<String> names = new ArrayList<>();
    for (int step = 1; ; step++) {
      Steps steps = new Steps(step, FaultsTest::fail);
      Setting setting = Setting.of(steps);
      try (MemorySink sink = new MemorySink(Blocks.dirty(Arena.ofAuto(), BLOCKS))) {
        LiveMemory source = source(setting);
        try {
          source.sendTo(steps.sink(sink));
          assertThat(steps.isActionDone()).as("no step is beyond the last").isFalse();
          break;
        } catch (IllegalStateException e) {
          assertThat(e).hasMessage(FAULT).hasNoSuppressedExceptions();
        }
        names.add(steps.nameOfAction());
        assertUntouched(setting, "a failure at " + steps.nameOfAction());
      }
    }
    assertThat(names)
        .contains("sink.begin", "sink.data", "sink.zero", "sink.drain", "sink.end after")
        .contains(
            "log.start", "log.collect before", "log.collect half", "log.collect after", "log.stop")
        .contains("guest.stop after", "guest.deviceState", "guest.saved after");
  }

  /** A source whose guest writes with every drain, which ends a pass. */
  private static LiveMemory source(Setting setting) {
    return new LiveMemory(
        setting.memory,
        setting.steps.guest(setting.guest),
        Configuration.of("faults-1"),
        () -> PARAMETERS,
        new Cancellation(),
        new MigrationCounters(),
        new LiveMemory.Watcher() {
          @Override
          public void passBegins(long pass) {
            setting.guest.write();
          }
        });
  }

  private static void fail() {
    throw new IllegalStateException(FAULT);
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void failingMigrationLeavesAllAsItWas(SaveFormat format) throws IOException {
    Path file = file();
    for (int step = 1; ; step++) {
      boolean checked = step % 2 == 0;
      Steps steps = new Steps(step, () -> failAsOtherLanguagesDo(checked));
      Setting setting = Setting.of(steps);
      Migration migration = migration(setting, format);
      migration.start(Transport.file(file, OPTIONS));
      migration.await(MigrationStatus::isFinal, Duration.ofMinutes(1));
      if (!steps.isActionDone()) {
        assertThat(migration.status()).isEqualTo(MigrationStatus.COMPLETED);
        break;
      }
      String what = "a failure at " + steps.nameOfAction();
      assertThat(migration.status()).as(what).isEqualTo(MigrationStatus.FAILED);
      assertThatThrownBy(migration::await)
          .as(what)
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining(FAULT);
      assertUntouched(setting, what);
      assertOnlyEarlier(file, what);
      assertSavedAgain(setting, format);
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void cancelledMigrationLeavesAllAsItWas(SaveFormat format) throws IOException {
    Path file = file();
    for (int step = 1; ; step++) {
      List<Migration> cancelled = new ArrayList<>();
      Steps steps = new Steps(step, () -> cancelled.forEach(Migration::cancel));
      Setting setting = Setting.of(steps);
      Migration migration = migration(setting, format);
      migration.addListener(steps.listener());
      cancelled.add(migration);
      migration.start(Transport.file(file, OPTIONS));
      migration.await(MigrationStatus::isFinal, Duration.ofMinutes(1));
      if (!steps.isActionDone()) {
        assertThat(migration.status()).isEqualTo(MigrationStatus.COMPLETED);
        break;
      }
      String what = "a cancel at " + steps.nameOfAction();
      assertThat(migration.status()).as(what).isEqualTo(MigrationStatus.CANCELLED);
      assertThatThrownBy(migration::await).as(what).isInstanceOf(CancelledException.class);
      assertUntouched(setting, what);
      assertOnlyEarlier(file, what);
      assertSavedAgain(setting, format);
    }
  }

  /** Code that is not Java's own throws checked exceptions without saying so. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> void failAsOtherLanguagesDo(boolean checked) throws T {
    throw (T) (checked ? new IOException(FAULT) : new AssertionError(FAULT));
  }

  /** Faults of the disk, which come up in the thread that writes. */
  private static final Map<FaultyCalls.Kind, Integer> DISK_FAULTS =
      Map.of(
          FaultyCalls.Kind.PWRITE, Errno.ENOSPC.number(),
          FaultyCalls.Kind.FALLOCATE, Errno.EIO.number(),
          FaultyCalls.Kind.FSYNC, Errno.EIO.number(),
          FaultyCalls.Kind.OPEN, Errno.EMFILE.number());

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void failingDiskLeavesAllAsItWas(SaveFormat format) throws IOException {
    Path file = file();
    Set<FaultyCalls.Kind> failed = EnumSet.noneOf(FaultyCalls.Kind.class);
    for (FaultyCalls.Kind kind : DISK_FAULTS.keySet()) {
      boolean done = false;
      for (int ordinal = 0; !done; ordinal++) {
        done = !failsAt(kind, ordinal, file, format, failed);
      }
    }
    assertThat(failed).contains(FaultyCalls.Kind.PWRITE, FaultyCalls.Kind.FSYNC);
    if (format != SaveFormat.STREAM) {
      assertThat(failed).contains(FaultyCalls.Kind.FALLOCATE);
    }
  }

  /**
   * Saves while one call fails: by its place among those of its kind, since several threads write.
   *
   * @return whether there was such a call
   */
  private boolean failsAt(
      FaultyCalls.Kind kind,
      int ordinal,
      Path file,
      SaveFormat format,
      Set<FaultyCalls.Kind> failed)
      throws IOException {
    AtomicInteger seen = new AtomicInteger();
    AtomicInteger hit = new AtomicInteger(-1);
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() != kind || seen.getAndIncrement() != ordinal) {
            return 0;
          }
          hit.set(call.index());
          return DISK_FAULTS.getOrDefault(kind, 0);
        });
    Setting setting = Setting.of(new Steps(-1, () -> {}));
    Migration migration = migration(setting, format);
    try {
      migration.start(
          FaultyTransports.file(calls, file, new WriteOptions(DirectMode.OFF, true, 1)));
      migration.awaitEnd();
    } catch (StorageException e) {
      assertThat(migration.status()).isEqualTo(MigrationStatus.NONE);
    }
    boolean any = hit.get() >= 0;
    String what = "a fault of call " + ordinal + " of kind " + kind;
    if (migration.status() == MigrationStatus.COMPLETED) {
      assertThat(any && isLoss(kind)).as(what).isFalse();
      Files.writeString(file, EARLIER);
      return any;
    }
    failed.add(kind);
    assertUntouched(setting, what);
    assertThat(calls.open()).as(what).isEmpty();
    if (isOfTheName(calls, hit.get())) {
      Files.writeString(file, EARLIER);
    }
    assertOnlyEarlier(file, what);
    return any;
  }

  /** Whether content can be lost by its failing. */
  private static boolean isLoss(FaultyCalls.Kind kind) {
    return kind == FaultyCalls.Kind.PWRITE || kind == FaultyCalls.Kind.FSYNC;
  }

  /** The second sync is the directory's, when the file has its name. */
  private static boolean isOfTheName(FaultyCalls calls, int index) {
    return calls.calls().get(index).kind() == FaultyCalls.Kind.FSYNC
        && calls.calls().subList(0, index).stream()
            .anyMatch(call -> call.kind() == FaultyCalls.Kind.FSYNC);
  }

  private static Migration migration(Setting setting, SaveFormat format) {
    MigrationSettings settings =
        new MigrationSettings(
            Configuration.of("faults-1"), MigrationCapabilities.of(format), PARAMETERS);
    Migration migration =
        new Migration(setting.memory, setting.steps.guest(setting.guest), settings);
    migration.addListener(setting.guest.writingAtEachPass());
    return migration;
  }

  /** The name is taken by a directory while the save is under way, so that it can't be given. */
  @Test
  void fileThatCannotGetItsNameLetsTheGuestRunAgain() throws IOException {
    Path file = directory.resolve("taken");
    Steps none = new Steps(-1, () -> {});
    Setting setting = Setting.of(none);
    Migration migration = migration(setting, SaveFormat.FIXED_RAM);
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            try {
              Files.createDirectories(file.resolve("inside"));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
    migration.start(Transport.file(file, OPTIONS));
    assertThatThrownBy(migration::await)
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("cannot rename");
    assertUntouched(setting, "a rename that fails");
    assertThat(setting.guest.resumed()).isEqualTo(1);
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void fullDeviceFailsTheMigration() throws IOException {
    Setting setting = Setting.of(new Steps(-1, () -> {}));
    try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
      Migration migration = migration(setting, SaveFormat.STREAM);
      migration.start(Transport.channel(full, "a full device"));
      assertThatThrownBy(migration::await)
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("cannot write to a full device at offset 0")
          .hasMessageContaining("No space left");
      assertThat(migration.status()).isEqualTo(MigrationStatus.FAILED);
      assertThat(full.isOpen()).isFalse();
      assertUntouched(setting, "a full device");
    }
  }

  /**
   * Cancelled or failed when all but the end was sent: the other side must not take the stream for
   * complete, since the guest runs on here.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void streamOfAMigrationThatComesToNothingIsIncomplete(boolean cancelled) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    List<Migration> started = new ArrayList<>();
    Setting setting = Setting.of(new Steps(-1, () -> {}));
    GuestControl guest =
        new StillGuest() {
          @Override
          public void saved() {
            if (cancelled) {
              started.getFirst().cancel();
            } else {
              fail();
            }
          }
        };
    Migration migration =
        new Migration(setting.memory, guest, MigrationSettings.of(Configuration.of("faults-1")));
    started.add(migration);
    migration.start(Transport.channel(Channels.newChannel(sent), "a channel"));
    migration.awaitEnd();
    assertThat(migration.status())
        .isEqualTo(cancelled ? MigrationStatus.CANCELLED : MigrationStatus.FAILED);
    ByteSource source =
        ByteSource.of(Channels.newChannel(new ByteArrayInputStream(sent.toByteArray())), "sent");
    try (MemorySink sink = new MemorySink(Blocks.dirty(Arena.ofAuto(), BLOCKS))) {
      assertThatThrownBy(() -> new StreamDecoder(source, "sent").sendTo(sink))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining("incomplete");
    }
  }

  private static void assertUntouched(Setting setting, String what) {
    GuestMemory memory = setting.memory;
    assertThat(setting.guest.runs()).as("guest runs after %s", what).isTrue();
    for (RamBlock block : BLOCKS.list()) {
      assertThat(memory.segment(block).toArray(ValueLayout.JAVA_BYTE))
          .as("%s after %s", block, what)
          .isEqualTo(setting.guest.model().get(block.index()));
      PageBitmap marks = new PageBitmap(BLOCKS.pages(block));
      memory.dirtyLog().collect(block.index(), marks);
      BitSet found = new BitSet();
      for (long page = marks.nextSet(0); page < marks.pages(); page = marks.nextSet(page + 1)) {
        found.set((int) page);
      }
      assertThat(found)
          .as("marks of %s after %s", block, what)
          .isEqualTo(setting.guest.marked().get(block.index()));
    }
  }

  private void assertOnlyEarlier(Path file, String what) throws IOException {
    assertThat(file).as(what).hasContent(EARLIER);
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).as("left of %s", what).containsExactly(file);
    }
  }

  private void assertSavedAgain(Setting setting, SaveFormat format) throws IOException {
    Path again = directory.resolve("again");
    try (SaveWriter writer = SaveWriter.create(again, format, OPTIONS)) {
      new LiveMemory(
              setting.memory,
              setting.guest,
              Configuration.of("faults-1"),
              PARAMETERS,
              new Cancellation())
          .sendTo(writer.sink());
      writer.publish();
    }
    GuestMemory loaded = Blocks.dirty(Arena.ofAuto(), BLOCKS);
    try (MemoryLoad load = MemoryLoad.open(again, loaded)) {
      load.load(1);
    }
    for (RamBlock block : BLOCKS.list()) {
      assertThat(loaded.segment(block).toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(setting.guest.model().get(block.index()));
    }
    Files.delete(again);
  }
}
