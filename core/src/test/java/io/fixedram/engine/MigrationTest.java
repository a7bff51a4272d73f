// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static io.fixedram.migration.MigrationStatus.ACTIVE;
import static io.fixedram.migration.MigrationStatus.CANCELLED;
import static io.fixedram.migration.MigrationStatus.CANCELLING;
import static io.fixedram.migration.MigrationStatus.COMPLETED;
import static io.fixedram.migration.MigrationStatus.DEVICE;
import static io.fixedram.migration.MigrationStatus.NONE;
import static io.fixedram.migration.MigrationStatus.PRE_SWITCHOVER;
import static io.fixedram.migration.MigrationStatus.SETUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.memory.MemorySink;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.migration.MigrationStatus;
import io.fixedram.migration.RamStatistics;
import io.fixedram.os.UnixSocket;
import io.fixedram.stream.StreamDecoder;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.Arena;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class MigrationTest {
  private static final WriteOptions OPTIONS = new WriteOptions(DirectMode.OFF, false, 1);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final RamBlocks BLOCKS = Blocks.of(1000, 3);

  @TempDir Path directory;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory = Blocks.filled(arena, BLOCKS, new Random(1));
  private final PassGuest guest = new PassGuest(memory, 2);
  private final List<MigrationStatus> seen = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void free() {
    arena.close();
  }

  private Migration migration(MigrationParameters parameters, MigrationCapability... on) {
    Migration migration =
        new Migration(
            memory,
            guest,
            new MigrationSettings(
                Configuration.of("states-1"), MigrationCapabilities.of(on), parameters));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void statusChanged(MigrationStatus status) {
            seen.add(status);
          }
        });
    return migration;
  }

  private static MigrationParameters unlimited() {
    return MigrationParameters.defaults().withMaxBandwidth(0);
  }

  /** A migration that takes hours if nobody steps in. */
  private Migration slow() {
    Migration slow =
        migration(MigrationParameters.defaults().withMaxBandwidth(1000).withMaxPasses(1));
    slow.start(Transport.file(directory.resolve("slow"), OPTIONS));
    assertThat(slow.await(status -> status == ACTIVE, LONG)).isTrue();
    return slow;
  }

  private Transport file() {
    return Transport.file(directory.resolve("save"), OPTIONS);
  }

  private void assertLoadsAsModel(GuestMemory loaded) {
    for (RamBlock block : BLOCKS.list()) {
      assertThat(loaded.segment(block).mismatch(memory.segment(block))).isEqualTo(-1);
    }
  }

  /** Who waits for a state may be woken before the listeners are told of it. */
  private void assertSeen(MigrationStatus... expected) {
    long until = System.nanoTime() + LONG.toNanos();
    while (seen.size() < expected.length && System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    assertThat(List.copyOf(seen)).containsExactly(expected);
  }

  @Test
  void comesToCompletedThroughSetupAndActive() {
    Migration migration = migration(unlimited(), MigrationCapability.FIXED_RAM);
    assertThat(migration.status()).isEqualTo(NONE);
    assertThat(migration.info().totalTime()).isZero();
    migration.start(file());
    MigrationInfo info = migration.await();
    assertSeen(SETUP, ACTIVE, COMPLETED);
    assertThat(info.status()).isEqualTo(COMPLETED);
    assertThat(guest.runs()).as("the guest stays stopped").isFalse();
    RamStatistics ram = info.ram();
    assertThat(ram.totalBytes()).isEqualTo(BLOCKS.totalBytes());
    assertThat(ram.normalPages() + ram.zeroPages()).isEqualTo(1003);
    assertThat(ram.transferredBytes()).isEqualTo(ram.normalBytes()).isPositive();
    assertThat(ram.dirtySyncCount()).isEqualTo(3);
    assertThat(ram.passes()).isEqualTo(1);
    assertThat(info.totalTime()).isGreaterThanOrEqualTo(info.setupTime().plus(info.downtime()));
    assertThat(info.setupTime()).isPositive();
    assertThat(info.downtime()).isPositive();
    assertThat(info.written().orElseThrow().path()).isEqualTo(directory.resolve("save"));
    assertThat(migration.cancel()).as("too late").isFalse();
    assertThat(migration.info()).isEqualTo(info);
  }

  @Test
  void sequentialStreamCountsEveryByte() {
    Migration migration = migration(unlimited());
    migration.start(file());
    MigrationInfo info = migration.await();
    assertThat(info.ram().transferredBytes()).isEqualTo(info.written().orElseThrow().fileBytes());
  }

  @Test
  void pausesBeforeSwitchoverUntilContinued() {
    Migration migration = migration(unlimited(), MigrationCapability.PAUSE_BEFORE_SWITCHOVER);
    assertThat(migration.continueSwitchover()).isFalse();
    migration.start(file());
    assertThat(migration.await(status -> status == PRE_SWITCHOVER, LONG)).isTrue();
    assertThat(guest.runs()).isFalse();
    assertThat(migration.continueSwitchover()).isTrue();
    migration.await();
    assertSeen(SETUP, ACTIVE, PRE_SWITCHOVER, DEVICE, COMPLETED);
  }

  @Test
  void cancelsBeforeSwitchover() {
    Migration migration = migration(unlimited(), MigrationCapability.PAUSE_BEFORE_SWITCHOVER);
    migration.start(file());
    assertThat(migration.await(status -> status == PRE_SWITCHOVER, LONG)).isTrue();
    assertThat(migration.cancel()).isTrue();
    assertThatThrownBy(migration::await).isInstanceOf(CancelledException.class);
    assertSeen(SETUP, ACTIVE, PRE_SWITCHOVER, CANCELLING, CANCELLED);
    assertThat(guest.runs()).isTrue();
    assertThat(directory).isEmptyDirectory();
  }

  /** Whoever is told of the cancel takes his time: the guest is asked for nothing meanwhile. */
  @Test
  void cancelIsHeardBeforeListenersAreTold() {
    List<String> asked = Collections.synchronizedList(new ArrayList<>());
    GuestControl asking =
        new StillGuest() {
          @Override
          public DeviceState deviceState() {
            asked.add("state");
            return super.deviceState();
          }
        };
    for (boolean pausing : new boolean[] {true, false}) {
      MigrationCapability capability =
          pausing ? MigrationCapability.PAUSE_BEFORE_SWITCHOVER : MigrationCapability.EVENTS;
      Migration migration =
          new Migration(memory, asking, MigrationSettings.of(Configuration.of("x"), capability));
      migration.addListener(
          new MigrationListener() {
            @Override
            public void passBegins(long pass) {
              if (!pausing) {
                Thread.ofPlatform().start(migration::cancel);
                migration.await(status -> status == CANCELLING, LONG);
              }
            }
          });
      migration.addListener(
          new MigrationListener() {
            @Override
            public void statusChanged(MigrationStatus status) {
              if (status == CANCELLING) {
                LockSupport.parkNanos(100_000_000);
              }
            }
          });
      migration.start(file());
      if (pausing) {
        assertThat(migration.await(status -> status == PRE_SWITCHOVER, LONG)).isTrue();
        assertThat(migration.cancel()).isTrue();
      }
      migration.awaitEnd();
      assertThat(migration.status()).isEqualTo(CANCELLED);
      assertThat(asked).isEmpty();
    }
  }

  @Test
  void cancelWakesAMigrationThatWaitsForItsBandwidth() {
    Migration slow = slow();
    assertThat(slow.cancel()).isTrue();
    assertThat(slow.cancel()).as("a second time").isFalse();
    assertThat(slow.await(status -> status == CANCELLED, Duration.ofSeconds(5))).isTrue();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void cancelWakesAStopThatHangs() throws InterruptedException {
    CountDownLatch stopping = new CountDownLatch(1);
    GuestControl hanging =
        new GuestControl() {
          @Override
          public void stop() {
            stopping.countDown();
            try {
              Thread.sleep(LONG);
            } catch (InterruptedException e) {
              throw new IllegalStateException("interrupted", e);
            }
          }

          @Override
          public DeviceState deviceState() {
            return guest.deviceState();
          }

          @Override
          public void resume() {
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            guest.resume();
          }
        };
    Migration migration =
        new Migration(
            memory,
            hanging,
            MigrationSettings.of(Configuration.of("x"), MigrationCapability.FIXED_RAM));
    migration.start(file());
    assertThat(stopping.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    migration.cancel();
    assertThat(migration.await(status -> status == CANCELLED, Duration.ofSeconds(5))).isTrue();
    assertThat(guest.resumed()).isEqualTo(1);
  }

  @Test
  void cancelWakesAMigrationWhoseOtherSideDoesNotRead() {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    Migration migration = migration(unlimited());
    migration.start(Transport.channel(pair.left(), "a socket that nobody reads"));
    assertThat(migration.await(status -> status == ACTIVE, LONG)).isTrue();
    assertThat(migration.cancel()).isTrue();
    assertThat(migration.await(status -> status == CANCELLED, Duration.ofSeconds(5))).isTrue();
    pair.right().close();
  }

  @Test
  void parametersChangeWhileItRuns() {
    Migration slow = slow();
    slow.setParameters(unlimited());
    assertThat(slow.await().status()).isEqualTo(COMPLETED);
  }

  @Test
  void migratesOverAPipe() throws Exception {
    Pipe pipe = Pipe.open();
    Migration migration = migration(unlimited());
    migration.start(Transport.channel(pipe.sink(), "a pipe"));
    GuestMemory loaded = Blocks.dirty(arena, BLOCKS);
    try (MemorySink sink = new MemorySink(loaded)) {
      new StreamDecoder(ByteSource.of(pipe.source(), "a pipe"), "a pipe").sendTo(sink);
    }
    migration.await();
    assertLoadsAsModel(loaded);
    assertThat(pipe.sink().isOpen()).isFalse();
    assertThat(migration.info().written()).isEmpty();
  }

  @Test
  void aSecondMigrationOfTheMemoryIsRefused() {
    Migration slow = slow();
    Migration second = migration(unlimited());
    assertThatThrownBy(() -> second.start(file()))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("cannot begin a migration of this memory: a migration is under way");
    assertThat(second.status()).isEqualTo(NONE);
    slow.cancel();
    slow.await(MigrationStatus::isFinal, LONG);
    second.start(file());
    assertThat(second.await().status()).isEqualTo(COMPLETED);
  }

  @Test
  void startsOnce() {
    Migration slow = slow();
    assertThatThrownBy(() -> slow.start(file())).isInstanceOf(IllegalStateException.class);
    slow.cancel();
    slow.awaitEnd();
    Migration migration = migration(unlimited());
    migration.start(file());
    migration.await();
    assertThatThrownBy(() -> migration.start(file())).isInstanceOf(IllegalStateException.class);
    Migration next = migration(unlimited());
    next.start(file());
    assertThat(next.await().status()).isEqualTo(COMPLETED);
  }

  @Test
  void targetThatCannotBeWrittenIsRefusedAtOnce() {
    Migration migration = migration(unlimited());
    assertThatThrownBy(() -> migration.start(Transport.file(directory, OPTIONS)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("it is a directory");
    assertThat(migration.status()).isEqualTo(NONE);
    migration.start(file());
    assertThat(migration.await().status()).isEqualTo(COMPLETED);
  }

  @Test
  void whatAListenerThrowsTouchesNothing() {
    List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
    Migration migration = migration(unlimited());
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
            throw new IllegalStateException("a listener's own fault");
          }
        });
    migration.start(file());
    assertThat(migration.await().status()).isEqualTo(COMPLETED);
    assertThat(uncaught)
        .singleElement()
        .hasToString("java.lang.IllegalStateException: a listener's own fault");
  }

  @Test
  void interruptedWaiterLeavesTheMigrationAlone() {
    Migration slow = slow();
    Thread.currentThread().interrupt();
    assertThatThrownBy(slow::await).isInstanceOf(CancelledException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(slow.status()).isEqualTo(ACTIVE);
    slow.cancel();
    assertThat(slow.await(status -> status == CANCELLED, LONG)).isTrue();
  }

  @Test
  void cancelAtAnyMomentIsAllOrNothing() {
    Path file = directory.resolve("save");
    Random random = new Random(3);
    for (int i = 0; i < 200; i++) {
      Migration migration = migration(unlimited(), MigrationCapability.FIXED_RAM);
      guest.resume();
      migration.start(file());
      long until = System.nanoTime() + random.nextInt(3_000_000);
      while (System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      boolean cancelled = migration.cancel();
      assertThat(migration.await(MigrationStatus::isFinal, LONG)).isTrue();
      assertThat(migration.status()).isEqualTo(cancelled ? CANCELLED : COMPLETED);
      assertThat(file.toFile().exists()).isEqualTo(!cancelled);
      assertThat(guest.runs()).isEqualTo(cancelled);
      if (!cancelled) {
        assertThat(file.toFile().delete()).isTrue();
      }
      assertThat(directory).isEmptyDirectory();
    }
  }

  /** The file is complete, and only its way to the device is left. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void cancelIsHeardWhileTheFileIsBroughtOntoItsDevice(SaveFormat format) {
    List<Migration> started = new ArrayList<>();
    List<Boolean> heard = new ArrayList<>();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == FaultyCalls.Kind.FSYNC) {
            heard.add(started.getFirst().cancel());
          }
          return 0;
        });
    Migration migration =
        new Migration(
            memory,
            guest,
            new MigrationSettings(
                Configuration.of("x"), MigrationCapabilities.of(format), unlimited()));
    started.add(migration);
    migration.start(
        FaultyTransports.file(
            calls, directory.resolve("save"), new WriteOptions(DirectMode.OFF, true, 1)));
    assertThatThrownBy(migration::await).isInstanceOf(CancelledException.class);
    assertThat(heard).containsExactly(true);
    assertThat(migration.status()).isEqualTo(CANCELLED);
    assertThat(guest.runs()).isTrue();
    assertThat(directory).isEmptyDirectory();
    assertThat(calls.open()).isEmpty();
  }

  @Test
  void noTimeIsTooLong() {
    Migration migration = migration(unlimited());
    migration.start(file());
    Duration endless = Duration.ofSeconds(Long.MAX_VALUE);
    assertThat(migration.await(MigrationStatus::isFinal, endless)).isTrue();
    assertThat(migration.await(status -> status == NONE, endless.negated())).isFalse();
    assertThatThrownBy(() -> unlimited().withDowntimeLimit(endless))
        .isInstanceOf(FixedRamException.class)
        .hasMessageStartingWith("downtime-limit must be 0 to 2000000 milliseconds, not PT");
  }

  @Test
  void everyFormatLoads() {
    for (SaveFormat format : SaveFormat.values()) {
      guest.resume();
      guest.write();
      Migration migration =
          new Migration(
              memory,
              guest,
              new MigrationSettings(
                  Configuration.of("x"), MigrationCapabilities.of(format), unlimited()));
      migration.start(file());
      migration.await();
      GuestMemory loaded = Blocks.dirty(arena, BLOCKS);
      try (MemoryLoad load = MemoryLoad.open(directory.resolve("save"), loaded)) {
        load.load(2);
      }
      assertLoadsAsModel(loaded);
    }
  }

  /** Not even an assertion that fails in a listener ends a migration, or keeps others unaware. */
  @Test
  void listenerThatFailsTouchesNothing() {
    Migration migration = migration(unlimited());
    migration.addListener(
        new MigrationListener() {
          @Override
          public void statusChanged(MigrationStatus status) {
            throw new AssertionError("a listener's own");
          }

          @Override
          public void passBegins(long pass) {
            throw new AssertionError("a listener's own");
          }
        });
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
      throw new IllegalStateException("a handler's own");
    });
    try {
      migration.start(file());
      assertThat(migration.await().status()).isEqualTo(COMPLETED);
      assertSeen(SETUP, ACTIVE, COMPLETED);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  @Test
  void capabilityInTheConfigurationIsRefused() {
    Configuration configuration =
        Configuration.of("states-1").withCapabilities(List.of("x-ignore-shared"));
    assertThatThrownBy(() -> new Migration(memory, guest, MigrationSettings.of(configuration)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("names the capability x-ignore-shared");
  }
}
