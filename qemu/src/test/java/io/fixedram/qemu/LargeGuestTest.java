// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.SaveInfo;
import io.fixedram.testkit.TestedQemu;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guests with many RAM blocks, and with more RAM than lies below 4 GiB. */
class LargeGuestTest extends QemuTest {

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void manyBlocks(TestedQemu version, RestoreMode mode) throws Exception {
    List<String> devices = new ArrayList<>();
    for (int i = 0; i < 18; i++) {
      devices.addAll(List.of("-device", "e1000"));
    }
    for (int i = 0; i < 8; i++) {
      devices.addAll(List.of("-device", "secondary-vga,vgamem_mb=1"));
    }
    GuestSpec spec = GuestSpec.small().with(devices.toArray(String[]::new));
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(3);
      save(request(source));
      assertThat(SaveInfo.of(file()).blocks()).hasSizeGreaterThan(26);
      try (RunningQemu target = waiting(version, spec)) {
        restore(target, mode);
        target.assertGoesOnFrom(source);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, NATIVE"})
  void above4GiB(TestedQemu version, RestoreMode mode) throws Exception {
    MemoryGuest program =
        new MemoryGuest(List.of(new Region(16 << 20, 1024), new Region(5L << 30, 1024)), 0);
    GuestSpec spec = GuestSpec.small().running(program).withRam(4608);
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(3);
      SaveReport report = save(request(source));
      assertThat(report.ramBytes()).isGreaterThanOrEqualTo(4608L << 20);
      assertThat(report.diskBytes()).isLessThan(64L << 20);
      try (RunningQemu target = waiting(version, spec)) {
        restore(target, mode);
        target.assertGoesOnFrom(source);
      }
    }
  }
}
