// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The demo's point, on a small guest. */
@Timeout(120)
class EmbeddedActTest {
  private static final long RAM_BYTES = 16 << 20;

  private static List<DemoAct> run(int passes, MigrationCapability layout) {
    DemoSettings defaults = DemoSettings.defaults(RAM_BYTES);
    DemoSettings settings =
        new DemoSettings(
            RAM_BYTES,
            MigrationCapabilities.of(layout),
            defaults.parameters().withMaxPasses(passes).withDowntimeLimit(Duration.ZERO));
    List<String> lines = new ArrayList<>();
    List<DemoAct> acts;
    try (ScratchDirectory directory = ScratchDirectory.create("demo")) {
      acts = new EmbeddedAct(settings, directory, lines::add, new Cancellation()).run();
    }
    assertThat(lines.getFirst()).contains("sequential stream", layout.text());
    assertThat(lines.getLast()).contains("identical").doesNotContain("DIFFERENT");
    assertThat(acts).hasSize(2).allMatch(DemoAct::identical);
    return acts;
  }

  @Test
  void streamGrowsWithThePassesAndTheFixedFileDoesNot() {
    List<DemoAct> few = run(1, MigrationCapability.FIXED_RAM);
    List<DemoAct> many = run(8, MigrationCapability.FIXED_RAM);
    assertThat(few).allMatch(act -> act.passes() == 1);
    assertThat(many).allMatch(act -> act.passes() > 1);
    assertThat(many.getFirst().fileBytes()).isGreaterThan(few.getFirst().fileBytes());
    // The device state is a number, which may have more digits.
    assertThat(many.getLast().fileBytes()).isCloseTo(few.getLast().fileBytes(), within(16L));
    assertThat(many.getLast().diskBytes()).isLessThan(RAM_BYTES);
    assertThat(many.getLast().writtenBytes()).isGreaterThan(few.getLast().writtenBytes());
  }

  @Test
  void mappedRamCanTakeFixedRamsPlace() {
    assertThat(run(1, MigrationCapability.MAPPED_RAM).getLast().guest()).contains("mapped-ram");
  }
}
