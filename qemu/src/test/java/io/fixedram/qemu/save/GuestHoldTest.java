// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.migration.Monitor;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who has stopped the guest. */
@Tag("qemu")
@Timeout(60)
class GuestHoldTest {
  @TempDir Path directory;

  /** A guest that ends by itself between the query of its state and QEMU's stop. */
  @ParameterizedTest
  @EnumSource
  void aGuestThatStoppedByItselfIsNotOurs(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-no-shutdown");
    try (RunningQemu qemu = RunningQemu.boot(version, spec, directory);
        QmpClient qmp = QmpClient.connect(qemu.qmp())) {
      qemu.awaitGeneration(2);
      OutgoingMigration own = new OutgoingMigration(new QemuMigration(qmp));
      GuestHold hold =
          new GuestHold(own, Optional.empty(), TransferListener.NONE, new Cancellation());
      assertThat(hold.stop()).isTrue();
      qemu.observer().execute("cont");
      // As the firmware has set the power management up: sleep state 5 (soft off), enabled.
      Monitor.ask(qemu.observer(), "o /w 0x604 0x2000");
      RunningQemu.await("the end of the guest", () -> qemu.status().equals("shutdown"));
      assertThat(hold.stop()).isFalse();
      assertThat(hold.begin()).isEqualTo("shutdown");
    }
  }
}
