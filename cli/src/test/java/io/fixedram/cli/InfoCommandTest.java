// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code fixedram info}. */
class InfoCommandTest {
  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void jsonHasTheFieldsOfTheContract(SaveFormat format) throws IOException {
    Path file = TinySave.write(directory.resolve("save"), format);

    Run run = Run.of("info", file.toString(), "--output", "json");

    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).endsWith("}\n").hasLineCount(1);
    Json json = Json.parse(run.out());
    List<String> fields =
        new ArrayList<>(
            List.of(
                "format",
                "complete",
                "machine",
                "capabilities",
                "blocks",
                "file_bytes",
                "disk_bytes",
                "device_state_bytes",
                "ram_bytes",
                "described",
                "sealed",
                "signed",
                "signature"));
    if (format != SaveFormat.STREAM) {
      fields.addAll(List.of("id", "writer"));
    }
    assertThat(((Map<?, ?>) json.raw()).keySet().stream().map(String::valueOf)).isEqualTo(fields);
    assertThat(json.get("sealed").flag()).isEqualTo(format != SaveFormat.STREAM);
    assertThat(json.get("described").flag()).isFalse();
    assertThat(json.get("format").text()).isEqualTo(format.text());
    assertThat(json.get("complete").flag()).isTrue();
    assertThat(json.get("machine").text()).isEqualTo(TinySave.MACHINE);
    assertThat(json.get("capabilities").items().stream().map(Json::text))
        .isEqualTo(format == SaveFormat.STREAM ? List.of() : List.of(format.text()));
    assertThat(json.get("file_bytes").number()).isEqualTo(Files.size(file));
    assertThat(json.get("disk_bytes").number()).isPositive();
    assertThat(json.get("device_state_bytes").number()).isEqualTo(1);
    assertThat(json.get("ram_bytes").number()).isEqualTo(9L * TinySave.PAGE_SIZE);

    assertThat(json.get("blocks").items()).hasSize(2);
    Json block = json.get("blocks").items().getFirst();
    assertThat(((Map<?, ?>) block.raw()).keySet().stream().map(String::valueOf))
        .containsExactly(
            "name",
            "used_length",
            "page_size",
            "pages_offset",
            "bitmap_offset",
            "pages",
            "present");
    assertThat(block.get("name").text()).isEqualTo("pc.ram");
    assertThat(block.get("used_length").number()).isEqualTo(8L * TinySave.PAGE_SIZE);
    assertThat(block.get("page_size").number()).isEqualTo(TinySave.PAGE_SIZE);
    assertThat(block.get("pages").number()).isEqualTo(8);
    assertThat(block.get("present").number()).isEqualTo(2);
    if (format == SaveFormat.STREAM) {
      assertThat(run.out()).contains("\"pages_offset\":null,\"bitmap_offset\":null");
    } else {
      long offset = block.get("pages_offset").number();
      assertThat(Files.readAllBytes(file)[(int) offset + TinySave.PAGE_SIZE])
          .isEqualTo((byte) 0x5a);
      assertThat(block.get("bitmap_offset").number()).isPositive().isLessThan(offset);
    }
  }

  @Test
  void textAlignsItsColumns() {
    Path file = TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);

    Run run = Run.of("info", file.toString());

    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith(
            file
                + """
                : mapped-ram, complete
                  machine       pc-i440fx-7.2
                  RAM           36 KiB in 2 blocks, 12 KiB present
                  device state  1 byte, its fields not described
                """)
        .containsPattern("\n  checksums     of fixedram.*, save [0-9a-f-]{36}\n")
        .endsWith(
            """

              RAM block    size  present  share     zero  pages at
              pc.ram     32 KiB    8 KiB  25.0%   24 KiB  0x400000
              pc.bios     4 KiB    4 KiB   100%  0 bytes  0x800000
            """);
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void incompleteSaveIsShownAndToldOf(SaveFormat format) throws IOException {
    Path file = TinySave.writeIncomplete(directory.resolve("save"), format);

    Run json = Run.of("info", file.toString(), "--output", "json");
    assertThat(json.status()).isEqualTo(3);
    assertThat(Json.parse(json.out()).get("complete").flag()).isFalse();
    assertThat(Json.parse(json.out()).get("blocks").items()).hasSize(2);
    assertThat(json.err()).startsWith("fixedram: ").contains(file.toString()).hasLineCount(1);

    Run text = Run.of("info", file.toString());
    assertThat(text.status()).isEqualTo(3);
    assertThat(text.out()).contains(format.text() + ", NOT COMPLETE\n", "pc.ram");
    assertThat(text.err()).isEqualTo(json.err());

    Run quiet = Run.of("info", file.toString(), "-q");
    assertThat(quiet.status()).isEqualTo(3);
    assertThat(quiet.out()).isEmpty();
    assertThat(quiet.err()).isEqualTo(json.err());
  }

  @Test
  void quietSaysNothingOfAWholeSave() {
    Path file = TinySave.write(directory.resolve("save"), SaveFormat.FIXED_RAM);
    Run run = Run.of("info", "-q", file.toString());
    assertThat(run.status()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).isEmpty();
  }

  @Test
  void whatIsNoSaveEndsWithThree() throws IOException {
    Path text = Files.writeString(directory.resolve("text"), "just some text\n".repeat(100));
    Path empty = Files.createFile(directory.resolve("empty"));
    for (Path file : new Path[] {text, empty}) {
      Run run = Run.of("info", file.toString(), "--output", "json");
      assertThat(run.status()).as(run.err()).isEqualTo(3);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("fixedram: ").contains(file.toString()).hasLineCount(1);
    }
  }

  @Test
  void whatCannotBeReadEndsWithOne() {
    for (Path file : new Path[] {directory, directory.resolve("nothing")}) {
      Run run = Run.of("info", file.toString());
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("fixedram: ").contains(file.toString()).hasLineCount(1);
    }
  }
}
