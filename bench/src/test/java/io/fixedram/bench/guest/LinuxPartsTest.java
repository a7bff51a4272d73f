// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which kernel a Linux guest gets. */
class LinuxPartsTest {
  @TempDir Path boot;

  @Test
  void newestKernelIsTheOneWithTheHighestVersion() throws Exception {
    for (String version :
        new String[] {
          "6.9.7+bpo-amd64", "6.12.9+deb13-amd64", "6.12.10~rc3-amd64", "5.10.0-28-cloud-amd64"
        }) {
      Files.createFile(boot.resolve("vmlinuz-" + version));
    }
    assertThat(LinuxParts.newestKernel(boot)).contains(boot.resolve("vmlinuz-6.12.10~rc3-amd64"));
  }

  @Test
  void versionsAreOrderedByTheirNumbers() {
    assertThat(
            Stream.of("10", "9", "6.12", "6.9", "6.12~rc1", "6.12.1", "6.12-1", "6.012.0")
                .sorted(new VersionOrder()))
        .containsExactly("6.9", "6.12~rc1", "6.12", "6.12-1", "6.012.0", "6.12.1", "9", "10");
  }
}
