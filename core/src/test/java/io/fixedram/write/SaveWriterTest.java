// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SaveWriterTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 16 * 4096);
  private static final WriteOptions UNSYNCED = new WriteOptions(DirectMode.AUTO, false, 4096);

  private final Path directory;
  private final Path target;

  SaveWriterTest(@TempDir Path directory) {
    this.directory = directory;
    this.target = directory.resolve("save");
  }

  /** A guest whose every page holds the same number. */
  private static Guest guest(int number) {
    byte[] content = new byte[16 * 4096];
    Arrays.fill(content, (byte) number);
    Guest guest = Guest.of(RAM);
    guest.put(RAM, 0, content);
    return guest;
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void racingWritersNeverMixNorFailWithoutAReason(SaveFormat format)
      throws InterruptedException, ExecutionException, IOException {
    int writers = 4;
    AtomicInteger published = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    List<Future<?>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(writers + 1)) {
      for (int i = 1; i <= writers; i++) {
        int number = i;
        all.add(
            threads.submit(() -> {
              for (int j = 0; j < 40; j++) {
                write(format, guest(number), published, refused);
              }
            }));
      }
      all.add(threads.submit(() -> readWhileOthersWrite(published, writers)));
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertThat(published.get() + refused.get()).isEqualTo(writers * 40);
    assertThat(published.get()).isPositive();
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  private void write(
      SaveFormat format, Guest guest, AtomicInteger published, AtomicInteger refused) {
    try (SaveWriter writer = SaveWriter.create(target, format, UNSYNCED)) {
      Script.of(guest).sendTo(writer.sink());
      writer.publish();
      published.incrementAndGet();
    } catch (StorageException e) {
      assertThat(e.errno()).as(e.getMessage()).isEqualTo(Errno.EAGAIN.number());
      assertThat(e).hasMessageContaining("another process is writing it just now");
      refused.incrementAndGet();
    }
  }

  private void readWhileOthersWrite(AtomicInteger published, int writers) {
    int seen = 0;
    while (seen < 30) {
      if (published.get() > 0) {
        try (PageStore save = Saves.open(target)) {
          GuestSink sink = new GuestSink();
          save.sendTo(sink);
          byte first = sink.guest().page(RAM, 0)[0];
          assertThat(first).isBetween((byte) 1, (byte) writers);
          Guest.assertSame(sink.guest(), guest(first));
          seen++;
        }
      }
    }
  }

  @Test
  void cannotPublishWhatHasNotEnded() throws IOException {
    try (SaveWriter writer = SaveWriter.create(target, SaveFormat.MAPPED_RAM, UNSYNCED)) {
      assertThatThrownBy(writer::publish).isInstanceOf(IllegalStateException.class);
      writer.sink().begin(guest(1).header());
      assertThatThrownBy(writer::publish).isInstanceOf(IllegalStateException.class);
    }
    assertThat(Dirs.names(directory)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void pagesBeforeBeginAreADefectOfTheCaller(SaveFormat format) {
    try (SaveWriter writer = SaveWriter.create(target, format, UNSYNCED);
        Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> writer.sink().data(RAM, 0, arena.allocate(4096), 0, 4096))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("pages before begin");
    }
  }

  @Test
  void streamsDoNotKeepPages() {
    try (SaveWriter writer = SaveWriter.create(target, SaveFormat.STREAM, UNSYNCED)) {
      writer.sink().begin(guest(1).header());
      assertThat(writer.sink().readBack()).isEmpty();
    }
  }

  @Test
  void earlierSaveIsReplaced() throws IOException {
    for (int number : new int[] {1, 2}) {
      try (SaveWriter writer = SaveWriter.create(target, SaveFormat.FIXED_RAM, UNSYNCED)) {
        Script.of(guest(number)).sendTo(writer.sink());
        writer.publish();
      }
    }
    try (PageStore save = Saves.open(target)) {
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      Guest.assertSame(sink.guest(), guest(2));
    }
    assertThat(Files.size(target)).isLessThan(40 * 4096);
  }

  /** A slow disk keeps nobody waiting who asks for the end: it is synced piece by piece. */
  @Test
  void endIsAskedForWhileTheFileIsSynced() throws IOException {
    Cancellation cancellation = new Cancellation();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.SYNC_FILE_RANGE) {
            cancellation.cancel();
          }
          return 0;
        });
    try (SaveWriter writer = synced(calls)) {
      Script.of(guest(1)).sendTo(writer.sink());
      assertThatThrownBy(() -> writer.publish(cancellation)).isInstanceOf(CancelledException.class);
    }
    assertThat(calls.calls()).noneMatch(call -> call.kind() == Kind.FSYNC);
    assertThat(Dirs.names(directory)).isEmpty();
  }

  @Test
  void contentThatIsNotOnTheDeviceIsNotPublished() throws IOException {
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == Kind.SYNC_FILE_RANGE ? Errno.EIO.number() : 0);
    try (SaveWriter writer = synced(calls)) {
      Script.of(guest(1)).sendTo(writer.sink());
      assertThatThrownBy(() -> writer.publish(new Cancellation()))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("input/output error");
    }
    assertThat(Dirs.names(directory)).isEmpty();
  }

  @Test
  void deviceThatIsNotWrittenToInPiecesIsSyncedAtOnce() {
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == Kind.SYNC_FILE_RANGE ? Errno.ENOSYS.number() : 0);
    try (SaveWriter writer = synced(calls)) {
      Script.of(guest(1)).sendTo(writer.sink());
      writer.publish(new Cancellation());
    }
    assertThat(calls.calls()).anyMatch(call -> call.kind() == Kind.FSYNC);
    assertThat(target).isRegularFile();
  }

  private SaveWriter synced(SystemCalls calls) {
    return SaveWriter.create(
        calls,
        target,
        SaveFormat.STREAM,
        DestinationMemory.QEMU,
        new WriteOptions(DirectMode.OFF, true, 4096));
  }

  @Test
  void alignmentIsAPowerOfTwo() {
    assertThatThrownBy(() -> new WriteOptions(DirectMode.OFF, false, 3 << 20))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(WriteOptions.defaults())
        .isEqualTo(new WriteOptions(DirectMode.AUTO, true, 4L << 20));
  }
}
