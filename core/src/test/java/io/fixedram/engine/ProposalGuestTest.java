// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.ProposalSample;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The guest of a file that the 2022 proposal's own logic wrote, taken into memory and saved by the
 * engine under fixed-ram with page-size alignment, makes the same file to the byte.
 */
@EnabledIfEnvironmentVariable(
    named = ProposalSample.VARIABLE,
    matches = ".+",
    disabledReason = ProposalSample.MISSING)
class ProposalGuestTest {
  @TempDir private Path directory;

  @Test
  void isSavedToTheByte() throws IOException {
    Path sample = ProposalSample.path();
    GuestMemory memory;
    try (PageStore save = Saves.open(sample)) {
      memory = Blocks.dirty(Arena.ofAuto(), save.header().blocks());
    }
    try (MemoryLoad load = MemoryLoad.open(sample, memory)) {
      DeviceState state = load.load(2);
      Configuration configuration = load.header().configuration().withCapabilities(List.of());
      StillGuest guest =
          new StillGuest() {
            @Override
            public DeviceState deviceState() {
              return state;
            }
          };
      Migration migration =
          new Migration(
              memory, guest, MigrationSettings.of(configuration, MigrationCapability.FIXED_RAM));
      Path file = directory.resolve("save");
      migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
      migration.await();
      assertThat(Files.mismatch(file, sample)).isEqualTo(-1);
    }
  }
}
