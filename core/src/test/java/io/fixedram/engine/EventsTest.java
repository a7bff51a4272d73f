// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the time of a migration goes, as JDK Flight Recorder sees it. */
class EventsTest {
  @TempDir Path directory;

  @Test
  void recordingShowsWhereTheTimeGoes() throws IOException {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(200, 10));
    PassGuest guest = new PassGuest(memory, 1);
    Path file = directory.resolve("recording.jfr");
    MigrationInfo info;
    try (Recording recording = new Recording()) {
      recording.enable(RunSentEvent.class).withThreshold(Duration.ZERO);
      recording.enable("io.fixedram.RunWritten").withThreshold(Duration.ZERO);
      recording.start();
      Migration migration =
          new Migration(
              memory,
              guest,
              new MigrationSettings(
                  Configuration.of("events-1"),
                  MigrationCapabilities.of(MigrationCapability.FIXED_RAM),
                  MigrationParameters.defaults()
                      .withMaxBandwidth(0)
                      .withDowntimeLimit(Duration.ZERO)
                      .withMaxPasses(3)));
      migration.addListener(guest.writingAtEachPass());
      migration.start(
          Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, true, 1)));
      info = migration.await();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    List<RecordedEvent> passes = named(events, "io.fixedram.Pass");
    assertThat(passes.stream().map(event -> event.getLong("pass"))).containsExactly(1L, 2L, 3L);
    assertThat(passes.getFirst().getLong("contentBytes")).isPositive();
    assertThat(passes.getFirst().getLong("remainingBytes")).isPositive();
    List<RecordedEvent> written = named(events, "io.fixedram.RunWritten");
    assertThat(written.stream().mapToLong(event -> event.getLong("lengthBytes")).sum())
        .isBetween(info.written().orElseThrow().pageBytes(), info.ram().normalBytes());
    List<RecordedEvent> runs = named(events, "io.fixedram.RunSent");
    assertThat(runs.stream().mapToLong(event -> event.getLong("contentBytes")).sum())
        .isEqualTo(info.ram().normalBytes());
    assertThat(runs.stream().mapToLong(event -> event.getLong("lengthBytes")).sum())
        .isEqualTo((info.ram().normalPages() + info.ram().zeroPages()) * Blocks.PAGE);
    assertThat(runs.stream().map(event -> event.getString("block"))).contains("block-0", "block-1");
    assertThat(named(events, "io.fixedram.Stop")).hasSize(1);
    RecordedEvent completion = named(events, "io.fixedram.Completion").getFirst();
    assertThat(completion.getLong("remainingBytes")).isPositive();
    assertThat(completion.getLong("deviceStateBytes")).isEqualTo(guest.deviceState().sizeBytes());
    RecordedEvent setup = named(events, "io.fixedram.Setup").getFirst();
    assertThat(setup.getLong("totalBytes")).isEqualTo(info.ram().totalBytes());
    assertThat(setup.getEndTime()).isBeforeOrEqualTo(passes.getFirst().getStartTime());
    RecordedEvent sync = named(events, "io.fixedram.Sync").getFirst();
    assertThat(sync.getString("file")).isEqualTo(directory.resolve("save").toString());
    assertThat(sync.getStartTime()).isAfterOrEqualTo(completion.getEndTime());
  }

  /** What a migration that fails did until then is recorded too. */
  @Test
  void failedTurnIsRecorded() throws IOException {
    Path file = directory.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.fixedram.Completion");
      recording.start();
      Migration migration =
          new Migration(
              Blocks.dirty(Arena.ofAuto(), Blocks.of(20)),
              new StillGuest() {
                @Override
                public DeviceState deviceState() {
                  throw new IllegalStateException("no state");
                }
              },
              MigrationSettings.of(Configuration.of("events-1")));
      migration.start(
          Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
      migration.awaitEnd();
      recording.stop();
      recording.dump(file);
    }
    assertThat(named(RecordingFile.readAllEvents(file), "io.fixedram.Completion")).hasSize(1);
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }
}
