// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Manifests that somebody made who means harm. */
class ManifestRefusalsTest {
  private static final String SMALL =
      """
      {"manifest": 1, "time": "2026-01-01T00:00:00Z", "kernel": "", "ran_on": false,
      "qemu": {"version": "7.2.0", "package": "", "command": ["qemu", "-m"], "directory": "/d"},
      "machine": {"type": "pc", "accelerator": "tcg", "properties": {}},
      "cpu": {"model": "m", "count": 1, "features": {"f": 1}},
      "blocks": [], "backends": [], "memory_map": [], "devices": [], "pci": [], "disks": []}
      """;

  @Test
  void aManifest() {
    assertThat(Manifest.ofJson(SMALL).guest().qemu().command()).containsExactly("qemu", "-m");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"qemu\", \"-m\"  | \"qemu\", \"a\\u0000\" | a command with a NUL",
        "\"qemu\", \"-m\"  | \"qemu\", null         | a text was expected",
        "\"/d\"            | \"/\\u0000\"           | a path that is none",
        "2026-01-01T       | 2026-13-01T            | a time that is none",
        "7.2.0             | 77777.2.0              | a QEMU version that is none",
        "\"f\": 1          | \"f\": 1.5             | a whole number was expected",
        "\"f\": 1          | \"f\": {}              | a whole number was expected",
        "\"blocks\": []    | \"blocks\": [null]     | an object with 'name' was expected",
        "\"disks\": []     | \"disks\": {}          | an array was expected",
        "\"manifest\": 1   | \"manifest\": 2        | has version 2",
        "\"kernel\": \"\"  | \"kernel\": \"         | not JSON",
      })
  void whatCannotBe(String member, String other, String why) {
    String changed = SMALL.replace(member, other);
    assertThat(changed).isNotEqualTo(SMALL);
    assertThatThrownBy(() -> Manifest.ofJson(changed))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(why);
  }

  /** Neither a deep one nor a long one takes much memory. */
  @Test
  void deepAndLongOnes() {
    assertThatThrownBy(() -> Manifest.ofJson("[".repeat(1 << 20)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("not JSON");
    String number = SMALL.replace("\"f\": 1", "\"f\": 1" + "0".repeat(1 << 20));
    assertThatThrownBy(() -> Manifest.ofJson(number)).isInstanceOf(FixedRamException.class);
    String name = SMALL.replace("\"f\": 1", "\"" + "f".repeat(1 << 20) + "\": 1");
    assertThatThrownBy(() -> Manifest.ofJson(name)).isInstanceOf(FixedRamException.class);
  }
}
