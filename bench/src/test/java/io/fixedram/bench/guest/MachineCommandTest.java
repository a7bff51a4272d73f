// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineCommandTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "true, flags : fpu vmx sse, kvm",
    "true, flags : fpu svm sse, kvm",
    "true, flags : fpu sse, tcg",
    "true, bugs : vmx, tcg",
    "false, flags : fpu vmx, tcg"
  })
  void kvmTakesADeviceAndAProcessorForIt(boolean device, String line, String wanted)
      throws IOException {
    Path processors = Files.writeString(directory.resolve("cpuinfo"), "processor : 0\n" + line);
    Path kvm = device ? processors : directory.resolve("missing");
    assertThat(MachineCommand.accelerator(kvm, processors)).isEqualTo(wanted);
  }
}
