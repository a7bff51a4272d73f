// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.load.OrderlyEnd;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.testkit.TestedQemu;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OrderlyEndTest extends QemuTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @ParameterizedTest
  @CsvSource({
    "'', false",
    "STOP SHUTDOWN, true",
    "SHUTDOWN POWERDOWN, true",
    "SHUTDOWN STOP, false",
    "SHUTDOWN RESET RESUME, false",
    "SHUTDOWN STOP SHUTDOWN, true",
  })
  void events(String names, boolean announced) {
    OrderlyEnd end = new OrderlyEnd();
    for (String name : names.split(" ", -1)) {
      end.take(name);
    }
    assertThat(end.announced()).isEqualTo(announced);
  }

  private static String takeUntil(RunningQemu qemu, OrderlyEnd end, String last) {
    StringBuilder seen = new StringBuilder();
    try {
      while (true) {
        Optional<QmpEvent> event = qemu.observer().nextEvent(PATIENCE);
        String name = event.orElseThrow().name();
        seen.append(name).append(' ');
        end.take(name);
        if (name.equals(last)) {
          return seen.toString();
        }
      }
    } catch (QemuGoneException e) {
      return seen.toString();
    }
  }

  /** A guest that shuts down while QEMU stays: what comes later is no orderly end. */
  @ParameterizedTest
  @EnumSource
  void qemuThatStaysAfterAShutdown(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small().with("-no-shutdown"))) {
      OrderlyEnd end = new OrderlyEnd();
      qemu.observer().execute("system_reset");
      assertThat(takeUntil(qemu, end, "STOP")).contains("SHUTDOWN");
      assertThat(end.announced()).isFalse();
      qemu.observer().execute("quit");
      takeUntil(qemu, end, "");
      assertThat(end.announced()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatEnds(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      OrderlyEnd end = new OrderlyEnd();
      qemu.observer().execute("system_reset");
      takeUntil(qemu, end, "");
      assertThat(end.announced()).isTrue();
      assertThat(qemu.process().waitFor()).isZero();
    }
  }
}
