// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SerialReportTest {
  private static final SerialReport SILENT =
      new SerialReport(false, OptionalLong.empty(), OptionalLong.empty(), true, Optional.empty());

  private static SerialReport good(boolean ready, long first, long last) {
    return new SerialReport(
        ready, OptionalLong.of(first), OptionalLong.of(last), true, Optional.empty());
  }

  @Test
  void nothingYet() {
    assertThat(SerialReport.of("")).isEqualTo(SILENT);
    assertThat(SerialReport.of("fixedram guest rea")).isEqualTo(SILENT);
  }

  @Test
  void readyBeforeTheFirstGeneration() {
    assertThat(SerialReport.of("fixedram guest ready\n"))
        .isEqualTo(
            new SerialReport(
                true, OptionalLong.empty(), OptionalLong.empty(), true, Optional.empty()));
  }

  @Test
  void generationsAreHexadecimal() {
    assertThat(SerialReport.of("fixedram guest ready\ngen 00000001 ok\r\ngen 00000002 ok\r\n"))
        .isEqualTo(good(true, 1, 2));
    assertThat(SerialReport.of("gen fffffffe ok\ngen ffffffff ok\n"))
        .isEqualTo(good(false, 0xffff_fffeL, 0xffff_ffffL));
  }

  @Test
  void unfinishedLineDoesNotCount() {
    assertThat(SerialReport.of("gen 0000002a ok\ngen 0000002b ok"))
        .isEqualTo(good(false, 0x2a, 0x2a));
  }

  @Test
  void lineCutByTheSaveIsWholeInTheJoinedText() {
    String before = "gen 0000002a ok\ngen 000000";
    String after = "2b ok\ngen 0000002c ok\n";
    assertThat(SerialReport.of(after)).isEqualTo(good(false, 0x2c, 0x2c));
    assertThat(SerialReport.of(before + after)).isEqualTo(good(false, 0x2a, 0x2c));
  }

  @Test
  void remainderOfAnotherQemuBeforeALineIsPassedOver() {
    assertThat(SerialReport.of("gen 0000002a ok\ngen 000gen 0000002b ok\nSeaBIOS\n\n"))
        .isEqualTo(good(false, 0x2a, 0x2b));
  }

  @Test
  void skippedAndRepeatedGenerationsAreSeen() {
    assertThat(SerialReport.of("gen 00000001 ok\ngen 00000003 ok\n").consecutive()).isFalse();
    assertThat(SerialReport.of("gen 00000001 ok\ngen 00000001 ok\n").consecutive()).isFalse();
    assertThat(SerialReport.of("fixedram guest ready\ngen 00000002 ok\n").consecutive()).isFalse();
  }

  @Test
  void anotherBootStartsAgainAtOne() {
    String boot = "fixedram guest ready\ngen 00000001 ok\ngen 00000002 ok\n";
    assertThat(SerialReport.of(boot + boot)).isEqualTo(good(true, 1, 2));
  }

  @Test
  void wrongPageIsKeptWhateverFollows() {
    SerialReport report =
        SerialReport.of(
            """
            gen 00000001 ok
            gen 00000002 BAD page 00001234
            gen 00000003 BAD page 00001234
            fixedram guest ready
            gen 00000001 ok
            """);
    assertThat(report.firstBad()).contains("gen 00000002 BAD page 00001234");
    assertThat(report.lastGeneration()).hasValue(1);
  }

  @Test
  void wrongPageCountsInAnUnfinishedOrBrokenLine() {
    assertThat(SerialReport.of("gen 00000002 BAD pa").firstBad()).contains("gen 00000002 BAD pa");
    assertThat(SerialReport.of("gen 00000002 BAD page 0fixedram guest ready\n").firstBad())
        .contains("gen 00000002 BAD page 0fixedram guest ready");
  }

  @Test
  void readsAFile(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("serial.txt");
    assertThat(SerialReport.read(file)).isEqualTo(SILENT);
    Files.write(file, new byte[] {(byte) 0xff, 0, 'g'});
    assertThat(SerialReport.read(file)).isEqualTo(SILENT);
    Files.writeString(file, "gen 00000001 ok\n");
    assertThat(SerialReport.read(file)).isEqualTo(good(false, 1, 1));
    assertThatThrownBy(() -> SerialReport.read(directory))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(directory.toString());
  }
}
