// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.PageStore;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guests with memory on huge pages, of which this host has as many more meanwhile as one takes. No
 * other test may use any: they would take each other's.
 */
class HugePagesTest extends MemoryTest {
  private static final int PAGES = 32;
  private static final Path RESERVED =
      Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  private static final GuestSpec PLAIN = GuestSpec.small().with("-vga", "std");

  /** How many more are reserved. */
  private int reserved;

  @BeforeEach
  void reserve() throws IOException {
    assumeTrue(Files.exists(RESERVED), "this host has no huge pages of 2 MiB");
    int before = count();
    try {
      reserve(before + PAGES);
    } catch (IOException e) {
      abort("huge pages can't be reserved, which root can: " + e);
    }
    reserved = count() - before;
    assumeTrue(reserved >= PAGES, "this host has no " + PAGES + " more huge pages to give");
  }

  /** Others may have reserved some meanwhile. */
  @AfterEach
  void giveBack() throws IOException {
    if (reserved > 0) {
      reserve(Math.max(0, count() - reserved));
    }
  }

  private static int count() throws IOException {
    return Integer.parseInt(Files.readString(RESERVED).strip());
  }

  private static void reserve(int pages) throws IOException {
    Files.writeString(RESERVED, Integer.toString(pages));
  }

  private static GuestSpec onHugePages(String share) {
    return PLAIN.with(
        "-object",
        "memory-backend-memfd,id=pc.ram,size=64M,hugetlb=on,hugetlbsize=2M,share=" + share,
        "-machine",
        "memory-backend=pc.ram");
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_10, on", "QEMU_7, off", "QEMU_10, off"})
  void areRead(TestedQemu version, String share) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, onHugePages(share))) {
      assertSameAsMigrated(qemu, this);
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_10, on", "QEMU_7, off", "QEMU_10, off"})
  void areWritten(TestedQemu version, String share) throws Exception {
    try (RunningQemu source = bootAndStop(version, PLAIN)) {
      Path file;
      try (QmpClient qmp = QmpClient.connect(source.spareQmp());
          QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
          PageStore store = memory.store(GuestDevices.take(qmp, "running"))) {
        file = written(store);
      }
      try (RunningQemu target =
          RunningQemu.waiting(version, onHugePages(share), directory, "restored")) {
        assertThat(restore(file, target, RestoreMode.MEMORY, false).mode())
            .isEqualTo(RestoreMode.MEMORY);
        RunningQemu.assertGoesOn(source.serial(), directory, "restored");
      }
    }
  }
}
