// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.StalePages.Result;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.testkit.TestedQemu;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A short look for stale pages, or a long one with {@code -Dfixedram.stale.saves=320}; what was
 * found is in docs/memory.md.
 */
@Timeout(value = 4, unit = TimeUnit.HOURS)
class StalePagesTest extends QemuTest {
  private static final int SAVES = Integer.getInteger("fixedram.stale.saves", 3);

  private Result look(TestedQemu version, SaveMode mode, TestReporter reporter) throws Exception {
    Result found = StalePages.look(version, mode, SAVES, directory);
    reporter.publishEntry(version + " " + mode.text(), found.toString());
    assertThat(found.saves()).isEqualTo(SAVES);
    assertThat(found.changedPages()).isPositive();
    return found;
  }

  @ParameterizedTest
  @EnumSource
  void noneInPlace(TestedQemu version, TestReporter reporter) throws Exception {
    assertThat(look(version, SaveMode.MEMORY, reporter).stalePages()).isZero();
  }

  /** Streams may have some, which are QEMU's. */
  @ParameterizedTest
  @EnumSource
  void fewInStreams(TestedQemu version, TestReporter reporter) throws Exception {
    Result found = look(version, SaveMode.STREAM, reporter);
    assertThat(found.stalePages()).isLessThan(found.changedPages() / 10);
  }
}
