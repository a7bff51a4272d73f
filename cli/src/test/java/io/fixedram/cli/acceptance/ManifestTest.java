// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manifest as users of the command see it: info, check, restore --same. */
@Tag("qemu")
class ManifestTest {
  private static final int RAM_MIB = 64;
  private static final int USED_MIB = 16;
  private static final String SECRET = "open,,sesame";

  @TempDir Path directory;

  private Path qemu = Path.of("qemu");

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    TestedQemu.any();
    Launcher.build();
  }

  private List<String> command(String serial, String... more) throws IOException {
    List<String> words =
        new ArrayList<>(
            Vm.command(qemu, Vm.image(directory, USED_MIB), RAM_MIB, "file:" + path(serial)));
    words.addAll(List.of("-object", "secret,id=s0,data=" + SECRET, "-pidfile", path("pid")));
    words.addAll(List.of("-drive", "if=virtio,format=raw,file=" + path("disk.raw")));
    words.addAll(List.of(more));
    return words;
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  private Result run(List<String> qemuCommand, Object... words) throws Exception {
    List<Object> all = new ArrayList<>(List.of(words));
    if (!qemuCommand.isEmpty()) {
      all.add("--");
      all.addAll(qemuCommand);
    }
    return Launcher.run(directory, all.toArray());
  }

  @Test
  void theManifestIsShownComparedAndItsCommandRepeated() throws Exception {
    qemu = TestedQemu.QEMU_7.binary();
    Path file = directory.resolve("vm.fram");
    Files.write(directory.resolve("disk.raw"), new byte[1 << 20]);
    try (Vm vm = Vm.start(directory, "vm", command("vm.txt"))) {
      Vm.awaitRound(directory.resolve("vm.txt"), 2);
      Result save =
          run(
              List.of(),
              "save",
              "--qmp",
              vm.qmp(),
              file,
              "--then",
              "resume",
              "--disk-snapshot",
              "--overlay-name",
              "{disk}-{n}.overlay",
              "--output",
              "json");
      assertThat(save.status()).as(save.err()).isZero();
      Json overlay = Json.parse(save.out()).get("overlays").items().getFirst();
      assertThat(overlay.get("image").text()).isEqualTo(path("disk.raw"));
      assertThat(overlay.get("overlay").text()).isEqualTo(path("disk-1.overlay"));
      // Beside the running guest, whose pid file and serial port the command names too.
      String pid = Files.readString(directory.resolve("pid"));
      Result same = run(command("vm.txt"), "check", file);
      assertThat(same.status()).as(same.out() + same.err()).isZero();
      assertThat(same.err()).isEmpty();
      assertThat(same.out()).startsWith(file + " fits QEMU 7.").contains("--via stream: possible");
      assertThat(Files.readString(directory.resolve("pid"))).isEqualTo(pid);
      Vm.awaitRound(directory.resolve("vm.txt"), 6);
    }
    differencesAreTold(file);
    secretsAreMasked(file);
    theCommandIsRepeated(file);
  }

  private void differencesAreTold(Path file) throws Exception {
    Result other = run(command("other.txt", "-smp", "2"), "check", file, "--output", "json");
    assertThat(other.status()).isEqualTo(1);
    Json json = Json.parse(other.out());
    assertThat(json.get("fits").flag()).isFalse();
    assertThat(json.get("compared").flag()).isTrue();
    assertThat(json.get("differences").items())
        .extracting(each -> each.get("kind").text())
        .containsExactly("OtherCpuCount");
    assertThat(json.get("differences").items().getFirst().get("what").text()).contains("-smp 1");
    Result larger = run(command("other.txt", "-m", "65M"), "check", file);
    assertThat(larger.status()).isEqualTo(1);
    assertThat(larger.out()).contains("not possible: ", "-m 64M").doesNotContain("--via");
    Result broken = run(command("other.txt", "-device", "nosuch"), "check", file);
    assertThat(broken.status()).isEqualTo(1);
    assertThat(broken.err()).contains("nosuch", "its own message is above");
  }

  private void secretsAreMasked(Path file) throws Exception {
    Result masked = run(List.of(), "info", file, "--manifest");
    assertThat(masked.status()).as(masked.err()).isZero();
    assertThat(masked.out()).contains("data=***").doesNotContain(SECRET);
    assertThat(Json.parse(masked.out()).get("ran_on").flag()).isTrue();
    Result shown = run(List.of(), "info", file, "--manifest", "--show-secrets", "--output", "json");
    assertThat(shown.out()).contains(SECRET).hasLineCount(1);
    Path converted = directory.resolve("vm.fixed");
    Result convert = run(List.of(), "convert", file, converted, "--to", "fixed-ram");
    assertThat(convert.status()).as(convert.err()).isZero();
    assertThat(run(List.of(), "info", converted, "--manifest").out()).isEqualTo(masked.out());
    Result none = run(List.of(), "restore", file);
    assertThat(none.status()).isEqualTo(2);
    assertThat(none.err())
        .contains("the guest was saved from: " + qemu + " -accel tcg")
        .doesNotContain(SECRET);
  }

  private void theCommandIsRepeated(Path file) throws Exception {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
    Result refused = run(List.of(), "restore", file, "--same");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("other users may write to the file");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.delete(directory.resolve("vm.txt"));
    try (Launcher restore =
        Launcher.start(
            directory, "restore", file, "--same", "--via", "stream", "--new-overlays", directory)) {
      Vm.awaitRound(directory.resolve("vm.txt"), 6);
      restore.signal("TERM");
      Result result = restore.result();
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(result.err())
          .startsWith("the command of the saved guest: " + qemu)
          .contains("its disk is " + path("disk.1.qcow2") + " over " + path("disk.raw"))
          .doesNotContain("warning")
          .doesNotContain(SECRET);
    }
  }
}
