// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.engine.Blocks;
import io.fixedram.engine.Migration;
import io.fixedram.engine.PassGuest;
import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.memory.GuestMemory;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MigrationCapabilitiesTest {
  @TempDir Path directory;

  /** The sentences of the proposal, and one more for background-snapshot, in its words. */
  @ParameterizedTest
  @CsvSource({
    "multifd, multifd",
    "xbzrle, xbzrle",
    "compress, compression",
    "postcopy-ram, postcopy ram",
    "background-snapshot, 'background-snapshot, which needs each page written once'"
  })
  void fixedRamExcludes(String name, String words) {
    MigrationCapability other = MigrationCapability.parse(name).orElseThrow();
    for (MigrationCapability layout :
        Set.of(MigrationCapability.FIXED_RAM, MigrationCapability.MAPPED_RAM)) {
      assertThatThrownBy(() -> MigrationCapabilities.of(layout, other))
          .isInstanceOf(FixedRamException.class)
          .hasMessage("Directly mapped memory incompatible with " + words);
      assertThatThrownBy(() -> MigrationCapabilities.of(other).with(Map.of(layout, true)))
          .isInstanceOf(FixedRamException.class)
          .hasMessage("Directly mapped memory incompatible with " + words);
    }
  }

  @Test
  void oneLayoutAtATime() {
    assertThatThrownBy(() ->
            MigrationCapabilities.of(MigrationCapability.FIXED_RAM, MigrationCapability.MAPPED_RAM))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("fixed-ram and mapped-ram are two layouts: choose one");
  }

  @Test
  void namesAreThoseOfQemu() {
    for (MigrationCapability capability : MigrationCapability.values()) {
      assertThat(MigrationCapability.parse(capability.text())).contains(capability);
    }
    assertThat(MigrationCapability.parse("x-fixed-ram")).contains(MigrationCapability.FIXED_RAM);
    assertThat(MigrationCapability.parse("x-mapped-ram")).isEmpty();
    assertThat(MigrationCapability.parse("no-such")).isEqualTo(Optional.empty());
  }

  @Test
  void switchesOnAndOff() {
    MigrationCapabilities none = MigrationCapabilities.of();
    assertThat(none.on()).isEmpty();
    MigrationCapabilities some =
        none.with(Map.of(MigrationCapability.FIXED_RAM, true, MigrationCapability.EVENTS, true));
    assertThat(some.with(Map.of(MigrationCapability.FIXED_RAM, false)))
        .isEqualTo(MigrationCapabilities.of(MigrationCapability.EVENTS));
  }

  private static Migration migration(MigrationCapability... on) {
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), Blocks.of(1));
    return new Migration(
        memory, new PassGuest(memory, 1), MigrationSettings.of(Configuration.of("x"), on));
  }

  @ParameterizedTest
  @EnumSource(
      value = MigrationCapability.class,
      names = {"FIXED_RAM", "MAPPED_RAM"})
  void fixedOffsetsNeedATransportThatSeeks(MigrationCapability layout)
      throws IOException, InterruptedException {
    WritableByteChannel channel = Channels.newChannel(java.io.OutputStream.nullOutputStream());
    assertThatThrownBy(() -> migration(layout).start(Transport.channel(channel, "a socket")))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("Directly mapped memory requires a seekable transport");
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> migration(layout).start(Transport.file(fifo, WriteOptions.defaults())))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("Directly mapped memory requires a seekable transport");
  }

  @ParameterizedTest
  @EnumSource(MigrationCapability.class)
  void whatTheEngineLacksIsRefusedAtTheStart(MigrationCapability capability) {
    Migration migration = migration(capability);
    Path file = directory.resolve("save");
    if (capability.isProvided()) {
      migration.start(Transport.file(file, WriteOptions.defaults()));
      migration.continueSwitchover();
      migration.await(
          status -> {
            migration.continueSwitchover();
            return status.isFinal();
          },
          Duration.ofSeconds(30));
      assertThat(migration.status()).isEqualTo(MigrationStatus.COMPLETED);
    } else {
      assertThatThrownBy(() -> migration.start(Transport.file(file, WriteOptions.defaults())))
          .isInstanceOf(FixedRamException.class)
          .hasMessage("this engine has no %s: switch the capability off", capability.text());
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void parametersHaveQemusDefaultsAndBounds() {
    MigrationParameters defaults = MigrationParameters.defaults();
    assertThat(defaults.maxBandwidth()).isEqualTo(128L << 20);
    assertThat(defaults.downtimeLimit()).isEqualTo(Duration.ofMillis(300));
    assertThatThrownBy(() -> defaults.withMaxBandwidth(-1)).hasMessageContaining("max-bandwidth");
    assertThatThrownBy(() -> defaults.withDowntimeLimit(Duration.ofMillis(2_000_001)))
        .hasMessageContaining("downtime-limit must be 0 to 2000000 milliseconds, not 2000001");
    assertThatThrownBy(() -> defaults.withDowntimeLimit(Duration.ofMillis(-1)))
        .hasMessageContaining("downtime-limit");
    assertThatThrownBy(() -> defaults.withMaxPasses(-1)).hasMessageContaining("x-max-passes");
  }
}
