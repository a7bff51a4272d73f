// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The comparison with a new QEMU, which has the most rivals. */
class NewQemuBenchTest extends BenchRuns {
  @Test
  void measuresSavesAndRestores() throws IOException, InterruptedException {
    measures(TestedQemu.QEMU_10.binary(), "save,restore");
  }
}
