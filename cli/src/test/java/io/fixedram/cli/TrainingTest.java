// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.training.TrainingQemu;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the training runs goes as far as it should, so that all classes on the way are loaded. */
@Timeout(60)
class TrainingTest {
  private static final long RAM_BYTES = 2 << 20;

  @TempDir Path directory;

  private Run save(int version, String... more) {
    Path socket = directory.resolve("qmp");
    try (TrainingQemu _ = TrainingQemu.listen(socket, version, "running", RAM_BYTES)) {
      String file = directory.resolve("save").toString();
      String[] words = {"save", "--qmp", socket.toString(), file, "--via", "memory"};
      String[] all = Arrays.copyOf(words, words.length + more.length);
      System.arraycopy(more, 0, all, words.length, more.length);
      return Run.of(all);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--stop", "-v"})
  void savesInPlace(String option) {
    Run run = save(10, "--then", "resume", option);
    assertThat(run.status()).as(run.err()).isZero();
    SaveInfo info = SaveInfo.of(directory.resolve("save"));
    assertThat(info.ramBytes()).isEqualTo(RAM_BYTES);
    assertThat(info.blocks().getFirst().present()).isEqualTo(RAM_BYTES / 4096 / 2);
  }

  @Test
  void searchesThroughAnOldQemu() {
    Run run = save(7);
    assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
    assertThat(run.err()).contains("its record was found nowhere");
  }

  @Test
  void restoresPagesInPlaceAndIsRefusedTheRest() {
    assertThat(save(10, "--stop").status()).isZero();
    Path socket = directory.resolve("waiting");
    try (TrainingQemu _ = TrainingQemu.listen(socket, 10, "inmigrate", RAM_BYTES);
        PageStore save = Saves.open(directory.resolve("save"))) {
      Run run = Run.of("restore", save.name(), "--via", "memory", "--qmp", socket.toString());
      assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
      assertThat(run.err()).contains("QEMU refuses", "not in a training");
    }
  }
}
