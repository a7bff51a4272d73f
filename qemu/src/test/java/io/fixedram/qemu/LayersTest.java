// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.LibraryRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The rules of the module, and the order of its packages. */
class LayersTest extends LibraryRules {
  LayersTest() {
    super(
        "qemu.transfer",
        "qemu.qmp",
        "qemu.text",
        "qemu.obstacle",
        "qemu.process",
        "qemu.start",
        "qemu.guest",
        "qemu.command",
        "qemu.migration",
        "qemu.memory",
        "qemu.manifest",
        "qemu.disk",
        "qemu.view",
        "qemu.stream",
        "qemu.save",
        "qemu.check",
        "qemu.load",
        "qemu.restore");
  }

  @Test
  void guideNamesTheExportedPackages() throws IOException {
    String guide = Files.readString(Path.of("..", "docs", "java.md"));
    assertThat(exportedToEverybody())
        .isNotEmpty()
        .allMatch(each -> guide.contains("`" + each + "`"));
  }
}
