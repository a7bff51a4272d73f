// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fixedram verify} and {@code fixedram seal}. */
class VerifyCommandTest {
  @TempDir private Path directory;
  private Path file = Path.of("");

  @BeforeEach
  void writeSave() {
    file = TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
  }

  /** Damages page 2 of pc.ram. */
  private long damage() throws IOException {
    long offset;
    try (PageStore save = Saves.open(file)) {
      offset = save.places().getFirst().pagesOffset() + 2 * TinySave.PAGE_SIZE;
    }
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(offset + 100);
      bytes.write(0x5b);
    }
    return offset;
  }

  @Test
  void wholeSave() {
    Run run = Run.of("verify", file.toString());
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.out()).startsWith(file + ": whole, ").contains(", save ").hasLineCount(1);
    Json json = Json.parse(Run.of("verify", file.toString(), "--output", "json").out());
    assertThat(json.get("ok").flag()).isTrue();
    assertThat(json.get("damage").items()).isEmpty();
    Json only = json.get("files").items().getFirst();
    assertThat(only.get("file").text()).isEqualTo(file.toString());
    assertThat(only.get("id").text()).hasSize(36);
    assertThat(only.get("damaged_ranges").number()).isZero();
  }

  @Test
  void damagedSave() throws IOException {
    Path good = TinySave.write(directory.resolve("good"), SaveFormat.FIXED_RAM);
    long offset = damage();
    String range =
        "memory of RAM block pc.ram at offset 8192 (4096 bytes at offset "
            + offset
            + " of the file)";
    Run run = Run.of("verify", file.toString(), good.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out())
        .startsWith(file + ": DAMAGED, ")
        .contains("\n  " + range + "\n" + good + ": whole, ")
        .hasLineCount(3);
    assertThat(run.err())
        .isEqualTo(
            "fixedram: "
                + file
                + " is damaged: "
                + range
                + " is not as it was written; take another copy of the file\n");
    Run json = Run.of("verify", good.toString(), file.toString(), "--output", "json");
    assertThat(json.status()).isEqualTo(3);
    assertThat(Json.parse(json.out()).get("ok").flag()).isFalse();
    Json damage = Json.parse(json.out()).get("damage").items().getFirst();
    assertThat(damage.get("file").text()).isEqualTo(file.toString());
    assertThat(damage.get("block").text()).isEqualTo("pc.ram");
    assertThat(damage.get("offset").number()).isEqualTo(8192);
    assertThat(damage.get("file_offset").number()).isEqualTo(offset);
    assertThat(damage.get("length").number()).isEqualTo(4096);
    assertThat(damage.get("what").text()).isEqualTo("memory");
    Run convert =
        Run.of("convert", file.toString(), directory.resolve("new").toString(), "--to", "stream");
    assertThat(convert.status()).isEqualTo(3);
    assertThat(convert.err()).isEqualTo(run.err());
  }

  @Test
  void incompleteSave() throws IOException {
    TinySave.writeIncomplete(file, SaveFormat.MAPPED_RAM);
    Run run = Run.of("verify", file.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).isEqualTo(file + ": DAMAGED\n");
    assertThat(run.err()).contains("the footer at the end of the file is missing or damaged");
  }

  @Test
  void savesWithoutChecksumsAreSealed() {
    Path described = TinySave.writeDescribed(directory.resolve("described"), SaveFormat.STREAM);
    Path plain = convertWithoutChecksums(described);
    Run refused = Run.of("verify", plain.toString());
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.out()).isEqualTo(plain + ": not verified\n");
    assertThat(refused.err())
        .isEqualTo(
            "fixedram: "
                + plain
                + " can't be verified: it has no fingerprints of its pages;"
                + " 'fixedram seal FILE' adds them\n");
    Run seal = Run.of("seal", plain.toString());
    assertThat(seal.err()).isEmpty();
    assertThat(seal.out())
        .startsWith("sealed " + plain + ": save ")
        .contains("fingerprints of 36 KiB RAM in 2 blocks");
    assertThat(Run.of("verify", plain.toString()).status()).isZero();
    Run again = Run.of("seal", plain.toString());
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains(plain + " is sealed already: its id is ");
  }

  @Test
  void savesWithoutDescriptionAreNotSealedInPlace() {
    Path plain = convertWithoutChecksums(file);
    Run seal = Run.of("seal", plain.toString());
    assertThat(seal.status()).isEqualTo(1);
    assertThat(seal.err())
        .isEqualTo(
            "fixedram: "
                + plain
                + " can't be sealed in place: its device state has no description;"
                + " 'fixedram convert --to mapped-ram FILE NEW' makes a suitable file\n");
  }

  private Path convertWithoutChecksums(Path from) {
    Path to = directory.resolve("plain");
    Run convert =
        Run.of("convert", from.toString(), to.toString(), "--to", "mapped-ram", "--align", "page");
    assertThat(convert.status()).isZero();
    return to;
  }

  @Test
  void usage() {
    assertThat(Run.of("verify").err()).contains("FILE is missing");
    assertThat(Run.of("verify", file.toString(), "").err()).contains("FILE is empty");
    assertThat(Run.of("seal", "a", "b").status()).isEqualTo(2);
  }
}
