// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The comparison with an old QEMU, and one that is interrupted. */
class BenchAcceptanceTest extends BenchRuns {
  @Test
  void measuresAnOldQemu() throws IOException, InterruptedException {
    measures(TestedQemu.QEMU_7.binary(), "save,clones,engine");
  }

  @Test
  void measuresTheOtherSuitesWithANewQemu() throws IOException, InterruptedException {
    measures(TestedQemu.QEMU_10.binary(), "growth,convert");
  }

  @Test
  void interruptedItLeavesNothingBehind() throws IOException, InterruptedException {
    try (Launcher launcher = start(TestedQemu.any(), "--suite", "save", "--rounds", "100000")) {
      while (!launcher.err().contains("round 1 of")) {
        assertThat(launcher.isRunning()).as(launcher.err()).isTrue();
        Thread.sleep(10);
      }
      List<ProcessHandle> started = launcher.descendants();
      assertThat(started).isNotEmpty();
      launcher.signal("INT");
      Result result = launcher.result();
      assertThat(result.status()).as(result.err()).isEqualTo(130);
      assertThat(result.out()).isEmpty();
      assertThat(started).noneMatch(ProcessHandle::isAlive);
    }
    assertThat(directory).isEmptyDirectory();
  }
}
