// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.SaveInfo;
import io.fixedram.testkit.TestedQemu;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests that go from one QEMU to another with the same machine type. */
class AcrossVersionsTest extends QemuTest {

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  QEMU_10, pc-i440fx-7.2, NATIVE",
    "QEMU_7,  QEMU_10, pc-q35-7.2,    NATIVE",
    "QEMU_7,  QEMU_10, pc-i440fx-7.2, STREAM",
    "QEMU_7,  QEMU_10, pc-q35-7.2,    STREAM",
    "QEMU_10, QEMU_7,  pc-i440fx-7.2, STREAM",
    "QEMU_10, QEMU_7,  pc-q35-7.2,    STREAM",
  })
  void savedByOneAndRestoredByTheOther(
      TestedQemu one, TestedQemu other, String machine, RestoreMode mode) throws Exception {
    GuestSpec spec = GuestSpec.small().on(machine);
    try (RunningQemu source = boot(one, spec)) {
      source.awaitGeneration(3);
      save(request(source));
      try (RunningQemu target = waiting(other, spec)) {
        restore(target, mode);
        target.assertGoesOnFrom(source);
      }
    }
  }

  /** What QEMU's own mapped-ram can be written with. */
  enum Writing {
    PLAIN,
    MULTIFD,
    DIRECT_IO
  }

  @ParameterizedTest
  @EnumSource
  void filesThatQemuItselfWrote(Writing writing) throws Exception {
    try (RunningQemu source = boot(TestedQemu.QEMU_10, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.switchOn("mapped-ram");
      if (writing != Writing.PLAIN) {
        source.switchOn("multifd");
        source.setParameter("direct-io", writing == Writing.DIRECT_IO);
      }
      source.migrate("file:" + file());
      SaveInfo info = SaveInfo.of(file());
      assertThat(info.format()).isEqualTo(SaveFormat.MAPPED_RAM);
      assertThat(info.complete()).isTrue();
      try (RunningQemu target = waiting(TestedQemu.QEMU_7, GuestSpec.small())) {
        restore(target, RestoreMode.STREAM);
        target.assertGoesOnFrom(source);
      }
    }
  }

  /** What QEMU lists with its blocks, and asks for again when it loads. */
  @ParameterizedTest
  @EnumSource
  void guestAddressesOfBlocks(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.switchOn("x-ignore-shared");
      if (version == TestedQemu.QEMU_10) {
        source.switchOn("mapped-ram");
        source.migrate("file:" + file());
      } else {
        source.migrate("exec:cat > " + file());
      }
      try (RunningQemu target = waiting(version, GuestSpec.small())) {
        // QEMU 10.0.2 cannot load its own file.
        assertThat(restore(target, RestoreMode.AUTO).mode()).isEqualTo(RestoreMode.STREAM);
        target.assertGoesOnFrom(source);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void uuidInTheStream(TestedQemu version) throws Exception {
    String uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    GuestSpec spec = GuestSpec.small().with("-uuid", uuid);
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(3);
      source.switchOn("validate-uuid");
      save(request(source));
      try (RunningQemu target = waiting(version, spec)) {
        target.switchOn("validate-uuid");
        restore(target, RestoreMode.AUTO);
        target.assertGoesOnFrom(source);
        assertThat(target.observer().execute("query-uuid", Map.of()).get("UUID").text())
            .isEqualTo(uuid);
      }
    }
  }
}
