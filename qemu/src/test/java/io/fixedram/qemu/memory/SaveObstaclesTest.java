// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that no QEMU of the tests can have. */
@Timeout(60)
class SaveObstaclesTest {
  private final Path socket;

  SaveObstaclesTest(@TempDir Path directory) {
    socket = directory.resolve("sock");
  }

  private static String check(FakeQmp fake) {
    try (QmpClient qmp = QmpClient.connect(fake.endpoint())) {
      return new SaveObstacles(qmp).check();
    }
  }

  private static void assertRefused(FakeQmp fake, String why) {
    assertThatThrownBy(() -> check(fake))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(why);
  }

  @Test
  void guestWithoutAny() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 6)) {
      assertThat(check(fake)).isEqualTo("paused");
    }
  }

  /** It does not tell what keeps it from migrating. */
  @Test
  void oldQemu() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 5)) {
      assertRefused(fake, "QEMU 5.0.0 does not tell which of its devices can't be saved");
    }
  }

  @Test
  void deviceWithLiveState() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 8)) {
      fake.answer("qom-list", "[{'name': 'gpu', 'type': 'child<vfio-pci>'}]");
      assertRefused(
          fake,
          "this guest cannot be saved in place: device 'gpu' (child<vfio-pci>) keeps"
              + " state that only a migration carries");
    }
  }

  @Test
  void jobOfAnotherKind() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-jobs", "[{'id': 'snap', 'type': 'snapshot-save', 'status': 'running'}]");
      assertRefused(fake, "job 'snap' (snapshot-save) is under way");
    }
  }

  @Test
  void jobThatHasEnded() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-jobs", "[{'id': 'new', 'type': 'create', 'status': 'concluded'}]");
      assertThat(check(fake)).isEqualTo("paused");
    }
  }

  @Test
  void confidentialGuest() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-migrate", "{'blocked-reasons': ['SEV: Migration is not implemented']}");
      assertRefused(fake, "SEV: Migration is not implemented");
    }
  }
}
