// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests that run while their pages are served. */
class LazyRestoreTest extends QemuTest {

  @ParameterizedTest
  @EnumSource
  void goesOnWhereItWas(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      save(request(source));
      try (RunningQemu target = waiting(version, GuestSpec.small())) {
        String before = target.migrationSettings();
        RestoreReport report = restore(target, RestoreVia.LAZY);
        target.assertGoesOnFrom(source);
        assertThat(target.migrationSettings()).isEqualTo(before);
        System.err.println(report);
      }
    }
  }
}
