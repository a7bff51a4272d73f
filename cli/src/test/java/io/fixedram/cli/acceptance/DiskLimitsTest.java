// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.LoopDisk;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.verify.Verification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that may not write as much as they want to. */
@Tag("qemu")
class DiskLimitsTest {
  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  private static List<String> names(Path place) throws IOException {
    try (Stream<Path> files = Files.list(place)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals("lost+found"))
          .sorted()
          .toList();
    }
  }

  private static void assertOneSentence(Result result, String... parts) {
    assertThat(result.status()).as(result.err()).isEqualTo(1);
    List<String> lines = result.err().lines().toList();
    assertThat(lines.getLast()).startsWith("fixedram: cannot ").contains(parts);
    // Before it: that the guest was let run before its save was complete.
    assertThat(lines.subList(0, lines.size() - 1))
        .hasSizeLessThan(2)
        .allMatch(line -> line.contains("warning: the guest was resumed before"));
  }

  private static void assertWhole(Path file) {
    assertThat(Verification.run(file, 2, new Cancellation()).damage()).isEmpty();
  }

  /** A disk and a limit of this process, each with room for one save and not for two. */
  @Test
  void guestRunsOnWhenItsSaveDoesNotFit() throws IOException, InterruptedException {
    Path serial = directory.resolve("serial");
    List<String> command =
        Vm.command(TestedQemu.any(), Vm.image(directory, 24), 64, "file:" + serial);
    try (LoopDisk disk = LoopDisk.mount(LoopDisk.Kind.EXT4, directory.resolve("disk"), "");
        Vm vm = Vm.start(directory, "vm", command)) {
      Path place = Files.createDirectory(disk.path().resolve("place"));
      Path file = place.resolve("vm.fram");
      Vm.awaitRound(serial, 1);
      String settings = vm.migrationSettings();
      Result saved =
          Launcher.run(place, "save", "--qmp", vm.qmp(), "--then", "resume", "--no-sync", file);
      assertThat(saved.status()).as(saved.err()).isZero();
      long size = Files.size(file);
      for (String via : List.of("memory", "stream")) {
        for (String option : List.of("--direct-io=auto", "--prealloc")) {
          assertThat(disk.leave(10 << 20)).isTrue();
          Result full =
              Launcher.run(
                  disk.path(),
                  "save",
                  "--qmp",
                  vm.qmp(),
                  "--via",
                  via,
                  option,
                  "--then",
                  "resume",
                  file);
          assertOneSentence(full, ".vm.fram.partial", "no space left on the device");
          assertThat(names(place)).containsExactly("vm.fram");
          assertThat(vm.status()).isEqualTo("running");
          assertThat(vm.migrationSettings()).isEqualTo(settings);
        }
      }
      Files.delete(disk.path().resolve("filler"));
      assertWhole(file);
      // Before anything is written, and at the last bytes.
      for (long limit : new long[] {1 << 20, size - 1}) {
        Result large =
            Launcher.shell(
                    disk.path(),
                    "prlimit --fsize="
                        + limit
                        + " "
                        + Launcher.quoted()
                        + " save --qmp "
                        + vm.qmp()
                        + " --then resume "
                        + file)
                .result();
        assertOneSentence(large, ".vm.fram.partial", "larger than");
        assertThat(names(place)).containsExactly("vm.fram");
      }
      assertThat(vm.status()).isEqualTo("running");
      assertWhole(file);
      Vm.awaitRound(serial, Vm.round(serial) + 1);
    }
  }
}
