// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.file.DirectMode;
import io.fixedram.file.WriteOptions;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.SaveFormat;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MigrationTest {
  private static final RamBlocks BLOCKS =
      new RamBlocks(4096, List.of(new RamBlock(0, "ram", 64 << 20), new RamBlock(1, "b", 12288)));

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void savesLiveAndLoads(SaveFormat format) {
    Path file = directory.resolve("save");
    try (Arena arena = Arena.ofShared()) {
      GuestMemory memory = GuestMemory.allocate(arena, BLOCKS);
      GuestMemory loaded = GuestMemory.allocate(arena, BLOCKS);
      BLOCKS.list().forEach(block -> loaded.segment(block).fill((byte) 7));
      try (WritingGuest guest = new WritingGuest(memory, 2, 1)) {
        MigrationParameters parameters =
            MigrationParameters.defaults()
                .withMaxBandwidth(0)
                .withMaxPasses(5)
                .withDowntimeLimit(Duration.ofNanos(1));
        MigrationSettings settings =
            new MigrationSettings(
                Configuration.of("demo-1"), MigrationCapabilities.of(format), parameters);
        Migration migration = new Migration(memory, guest, settings);
        List<MigrationStatus> seen = new ArrayList<>();
        migration.addListener(
            new MigrationListener() {
              @Override
              public void statusChanged(MigrationStatus status) {
                seen.add(status);
              }
            });
        migration.start(Transport.file(file, new WriteOptions(DirectMode.AUTO, false, 1)));
        MigrationInfo info = migration.await();
        assertThat(seen).startsWith(MigrationStatus.SETUP, MigrationStatus.ACTIVE);
        assertThat(info.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(info.ram().passes()).isEqualTo(5);
        assertThat(info.ram().remainingBytes()).isZero();
        try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
          assertThat(OpaqueDevice.of(load.load(2)).payload().toArray(ValueLayout.JAVA_BYTE))
              .containsExactly(WritingGuest.STATE);
        }
        for (RamBlock block : BLOCKS.list()) {
          assertThat(loaded.segment(block).mismatch(memory.segment(block))).isEqualTo(-1);
        }
      }
    }
  }
}
