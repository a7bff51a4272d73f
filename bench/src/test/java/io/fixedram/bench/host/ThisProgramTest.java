// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import org.junit.jupiter.api.Test;

/** That the launcher is found is proved by every acceptance test of the benchmark. */
class ThisProgramTest {
  @Test
  void processThatNoLauncherStarted() {
    assertThatThrownBy(ThisProgram::launcher)
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("start ./fixedram");
  }
}
