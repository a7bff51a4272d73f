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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code fixedram convert}. */
class ConvertCommandTest {
  @TempDir Path directory;

  static List<Arguments> directions() {
    List<Arguments> directions = new ArrayList<>();
    for (SaveFormat from : SaveFormat.values()) {
      for (SaveFormat to : SaveFormat.values()) {
        directions.add(Arguments.of(from, to));
      }
    }
    return directions;
  }

  @ParameterizedTest
  @MethodSource("directions")
  void convertsEveryFormatIntoEveryFormatAndBack(SaveFormat from, SaveFormat to)
      throws IOException {
    Path source = TinySave.write(directory.resolve("source"), from);
    Path target = directory.resolve("target");
    Path back = directory.resolve("back");

    Run run = Run.of("convert", source.toString(), target.toString(), "--to", to.text());
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .startsWith("converted " + source + " to " + target + " (" + to.text() + "): 36 KiB RAM, ");
    assertThat(TinySave.format(target)).isEqualTo(to);

    assertThat(convert(target, back, from)).isZero();
    assertThat(TinySave.format(back)).isEqualTo(from);
    // A stream may tell of a zero page or leave it out: as a file with places both are the same.
    Path expected = directory.resolve("expected");
    Path actual = directory.resolve("actual");
    assertThat(convertWithoutSeal(source, expected)).isZero();
    assertThat(convertWithoutSeal(back, actual)).isZero();
    assertThat(actual).hasSameBinaryContentAs(expected);
  }

  /** Each sealed file has an id of its own. */
  private static int convertWithoutSeal(Path source, Path target) {
    return Run.of(
            "convert",
            source.toString(),
            target.toString(),
            "--to",
            "mapped-ram",
            "--align",
            "page")
        .status();
  }

  @Test
  void detailsSayWhichWayPagesWent() {
    String source = TinySave.write(directory.resolve("source"), SaveFormat.FIXED_RAM).toString();
    String target = directory.resolve("target").toString();
    assertThat(
            Run.of("convert", source, target, "--to", "mapped-ram", "-v", "--direct-io", "off")
                .err())
        .isEqualTo("fixedram: pages were written through the page cache: direct writes are off\n");
    assertThat(Run.of("convert", source, target, "-v", "--to", "stream").err())
        .isEqualTo(
            "fixedram: pages were written through the page cache: a stream has no alignment\n");
  }

  private static int convert(Path source, Path target, SaveFormat to) {
    return Run.of("convert", source.toString(), target.toString(), "--to", to.text()).status();
  }

  @Test
  void jsonTellsWhatWasWritten() {
    Path source = TinySave.write(directory.resolve("source"), SaveFormat.STREAM);
    Path target = directory.resolve("target");

    Run run =
        Run.of(
            "convert",
            "--output=json",
            "-p",
            source.toString(),
            target.toString(),
            "--to",
            "fixed-ram");

    assertThat(run.status()).isZero();
    assertThat(run.out()).hasLineCount(1);
    Json json = Json.parse(run.out());
    assertThat(json.get("format").text()).isEqualTo("fixed-ram");
    assertThat(json.get("source_format").text()).isEqualTo("stream");
    assertThat(json.get("file").text()).isEqualTo(target.toString());
    assertThat(json.get("ram_bytes").number()).isEqualTo(9L * TinySave.PAGE_SIZE);
    assertThat(json.get("page_bytes").number()).isEqualTo(3L * TinySave.PAGE_SIZE);
    assertThat(json.get("file_bytes").number()).isGreaterThan(9L * TinySave.PAGE_SIZE);
    assertThat(json.get("disk_bytes").number()).isPositive();
    assertThat(json.find("seconds")).isPresent();
  }

  @Test
  void standardStreamsCarryStreams() throws IOException {
    Path source = TinySave.write(directory.resolve("source"), SaveFormat.MAPPED_RAM);
    Path target = directory.resolve("target");

    Run out = Run.of("convert", source.toString(), "-", "--to", "stream");
    assertThat(out.status()).isZero();
    assertThat(out.err()).startsWith("converted " + source + " to a stream: 36 KiB RAM, in ");

    Run in = Run.withInput(out.outBytes(), "convert", "-", target.toString(), "--to", "mapped-ram");
    assertThat(in.err()).isEmpty();
    assertThat(in.status()).isZero();
    assertThat(in.out()).startsWith("converted standard input to " + target + " (mapped-ram): ");
    TinySave.assertSame(target, source);
  }

  @Test
  void fixedOffsetFileOnStandardInputIsRefused() throws IOException {
    Path source = TinySave.write(directory.resolve("source"), SaveFormat.MAPPED_RAM);
    Path target = directory.resolve("target");
    Run run =
        Run.withInput(
            Files.readAllBytes(source), "convert", "-", target.toString(), "--to", "stream");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).startsWith("fixedram: standard input ").hasLineCount(1);
    assertThat(files()).containsExactly("source");
  }

  @Test
  void conversionOntoItselfIsRefused() throws IOException {
    Path source = TinySave.write(directory.resolve("source"), SaveFormat.STREAM);
    byte[] before = Files.readAllBytes(source);
    Path link = Files.createLink(directory.resolve("link"), source);
    Path symbolic = Files.createSymbolicLink(directory.resolve("symbolic"), source);
    for (Path target : List.of(source, link, symbolic)) {
      Run run = Run.of("convert", source.toString(), target.toString(), "--to", "mapped-ram");
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err())
          .isEqualTo(
              "fixedram: convert: %s and %s are the same file: give another TARGET\n"
                  .formatted(source, target));
    }
    assertThat(Files.readAllBytes(source)).isEqualTo(before);
    assertThat(files()).containsExactlyInAnyOrder("source", "link", "symbolic");
  }

  @Test
  void damagedSourceLeavesTheTargetAsItWas() throws IOException {
    Path source = TinySave.writeIncomplete(directory.resolve("source"), SaveFormat.STREAM);
    Path target = TinySave.write(directory.resolve("target"), SaveFormat.MAPPED_RAM);
    byte[] before = Files.readAllBytes(target);

    Run run = Run.of("convert", source.toString(), target.toString(), "--to", "mapped-ram");

    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("fixedram: ").contains(source.toString()).hasLineCount(1);
    assertThat(Files.readAllBytes(target)).isEqualTo(before);
    assertThat(files()).containsExactlyInAnyOrder("source", "target");
  }

  @Test
  void missingSourceIsToldBeforeAnythingIsWritten() throws IOException {
    Run run =
        Run.of(
            "convert",
            directory.resolve("nothing").toString(),
            directory.resolve("target").toString(),
            "--to",
            "stream");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("nothing").hasLineCount(1);
    assertThat(files()).isEmpty();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
