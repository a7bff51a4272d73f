// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.text.SizeText;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QemuCommandLineTest {
  private static QemuCommandLine of(String... words) {
    return QemuCommandLine.of(List.of(words));
  }

  private static List<String> values(QemuCommandLine command, String name) {
    return command.all(name).map(QemuCommandLine.Option::value).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "qemu-system-x86_64 -m 2G, qemu-system-x86_64",
    "/usr/bin/qemu-system-aarch64, /usr/bin/qemu-system-aarch64",
    "sudo -u me numactl -N 0 /usr/libexec/qemu-kvm -m 2G, /usr/libexec/qemu-kvm",
    "env A=b kvm -m 1, kvm",
    "env QEMU=/usr/bin/qemu-system-arm FLAGS=-m kvm -m 1, kvm",
    "run --with=/usr/bin/qemu-system-arm qemu-kvm, qemu-kvm",
    "env QEMU=/usr/bin/qemu-system-arm ./run.sh -m 2G,",
    "/opt/a=b/qemu-system-arm -m 1, /opt/a=b/qemu-system-arm",
    "./run.sh -m 2G,",
    "qemu-img info,",
  })
  void program(String command, String program) {
    QemuCommandLine line = QemuCommandLine.of(List.of(command.split(" ")));
    if (program == null) {
      assertThat(line.program()).isEmpty();
      assertThat(values(line, "m")).isEmpty();
    } else {
      assertThat(line.program()).contains(Path.of(program));
    }
  }

  @Test
  void shellTextIsNoProgram() {
    assertThat(of("sh", "-c", "exec /usr/bin/qemu-system-x86_64 -m 2G").program()).isEmpty();
  }

  @Test
  void options() {
    QemuCommandLine line =
        of(
            "taskset",
            "-c",
            "1",
            "qemu-system-x86_64",
            "-nographic",
            "disk.img",
            "-m",
            "2G",
            "-S",
            "-M",
            "q35",
            "--machine",
            "hpet=off",
            "-append",
            "-m 4G -object",
            "-serial",
            "-",
            "-append",
            "-m",
            "-usb",
            "-show-cursor",
            "disk2.img",
            "-object",
            "a,id=b",
            "-unknown-flag",
            "-object",
            "c",
            "-m");
    assertThat(values(line, "m")).containsExactly("2G", "");
    assertThat(values(line, "machine")).containsExactly("q35", "hpet=off");
    assertThat(values(line, "object")).containsExactly("a,id=b", "c");
    assertThat(values(line, "append")).containsExactly("-m 4G -object", "-m");
    assertThat(values(line, "serial")).containsExactly("-");
    assertThat(values(line, "c")).isEmpty();
    assertThat(line.has("nographic")).isTrue();
    assertThat(values(line, "show-cursor")).containsExactly("");
    assertThat(line.has("readconfig")).isFalse();
  }

  @Test
  void drivers() {
    QemuCommandLine line =
        of("kvm", "-device", "VGA", "-device", "{\"driver\":\"pc-dimm\",\"memdev\":\"m\"}");
    assertThat(line.drivers()).containsExactly("vga", "pc-dimm");
  }

  @Test
  void rewriting() {
    QemuCommandLine line = of("sudo", "kvm", "-object", "a", "-m", "1G");
    assertThat(
            line.replacing(line.all("object").findFirst().orElseThrow(), "b").adding("-x").words())
        .containsExactly("sudo", "kvm", "-object", "b", "-m", "1G", "-x");
    assertThat(line.words()).containsExactly("sudo", "kvm", "-object", "a", "-m", "1G");
  }

  @Test
  void generationId() {
    UUID id = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
    assertThat(GenerationId.apply(of("kvm", "-device", "vmgenid,guid=auto,id=g"), id).words())
        .containsExactly("kvm", "-device", "vmgenid,guid=" + id + ",id=g");
    assertThat(GenerationId.apply(of("kvm", "-device", "{\"driver\":\"vmgenid\"}"), id).words())
        .containsExactly("kvm", "-device", "{\"driver\":\"vmgenid\",\"guid\":\"" + id + "\"}");
    String unreadable = "{'driver':'VGA'}";
    assertThat(GenerationId.apply(of("kvm", "-device", unreadable), id).words())
        .containsExactly("kvm", "-device", unreadable, "-device", "vmgenid,guid=" + id);
    assertThatThrownBy(() -> GenerationId.apply(of("kvm", "-device", "{'driver':'vmgenid'}"), id))
        .isInstanceOf(NotInstantException.class)
        .hasMessageContaining("write it as JSON with double quotes");
    assertThat(GenerationId.apply(of("kvm", "-device", "VGA"), id).words())
        .containsExactly("kvm", "-device", "VGA", "-device", "vmgenid,guid=" + id);
  }

  @ParameterizedTest
  @CsvSource({
    "2G, 2147483648",
    "2048, 2147483648",
    "1.5g, 1610612736",
    "512M, 536870912",
    "8388608K, 8589934592",
    "1048576b, 1048576",
    "0x10, 16777216",
    "1T, 1099511627776",
    "0, 0",
  })
  void sizes(String text, long bytes) {
    assertThat(SizeText.bytes(text, 'm')).hasValue(bytes);
  }

  @ParameterizedTest
  @CsvSource({"x", "-1", "2GB", "''", "9999999999E", "1e3"})
  void notSizes(String text) {
    assertThat(SizeText.bytes(text, 'm')).isEmpty();
  }
}
