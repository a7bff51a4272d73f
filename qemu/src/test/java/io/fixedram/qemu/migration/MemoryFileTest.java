// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.memory.FakeQmp;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryFileTest {
  @TempDir Path directory;

  private static MemoryFile at(Path path) {
    return new MemoryFile("mem", path, true);
  }

  /** In a directory QEMU makes a file of its own, which is empty. */
  @Test
  void inADirectoryNobodyElseHasIt() {
    assertThat(at(directory).mayBeNamed(true)).isFalse();
    assertThat(at(directory.resolve("file")).mayBeNamed(true)).isTrue();
  }

  /** A QEMU that is none may say anything. */
  @Test
  void aPathThatIsNone() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(directory.resolve("qmp"), 7)) {
      fake.answer("query-memdev", "[{'id': 'm'}]");
      fake.answer("qom-get", "'/a\\u0000b'");
      try (QmpClient qmp = QmpClient.connect(fake.endpoint())) {
        assertThatThrownBy(() -> MemoryFile.ask(qmp))
            .isInstanceOf(FixedRamException.class)
            .hasMessageContaining("a file that can't be one");
      }
    }
  }

  /** The directory of this process, or of this host, says nothing of QEMU's. */
  @Test
  void whatCannotBeLookedAtIsTakenForNamed() {
    assertThat(at(directory).mayBeNamed(false)).isTrue();
    assertThat(at(Path.of(".")).mayBeNamed(true)).isTrue();
  }
}
