// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import static io.fixedram.bench.result.Results.suite;
import static io.fixedram.bench.result.Results.timed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The targets say what the figures say, misses included. */
class TargetsTest {
  private static final String LIMIT = Names.DISK_WRITE + " (fio)";

  private static Target target(String begin, SuiteResult... suites) {
    return Targets.of(List.of(suites)).stream()
        .filter(target -> target.name().startsWith(begin))
        .findFirst()
        .orElseThrow();
  }

  private static SuiteResult saves(double live, double stopped, double direct, double plain) {
    return suite(
        "save",
        LIMIT,
        timed("QEMU 7.2.22" + Names.SAVE_LIVE, live),
        timed("QEMU 7.2.22" + Names.SAVE_STOPPED, stopped),
        timed("QEMU 10.0.2" + Names.SAVE_STOPPED, 0.1),
        timed("QEMU 10.0.2" + Names.DIRECT_IO, direct),
        timed("QEMU 10.0.2" + Names.MULTIFD, 0.1),
        timed("QEMU 10.0.2" + Names.MAPPED_RAM, plain),
        timed(LIMIT, 1.8));
  }

  @Test
  void savesOfQemu7AreComparedByThoseOfStoppedGuests() {
    SuiteResult saves = saves(1, 2, 2, 5);
    Target.Measured direct = target("save from QEMU 7 no slower", saves).measured().orElseThrow();
    assertThat(direct.value()).isCloseTo(1, within(1e-9));
    assertThat(direct.met()).isTrue();
    assertThat(direct.text()).contains("1.00", "QEMU 7.2.22, fixedram save --stop: 2.00 s");
    Target.Measured plain = target("save from QEMU 7 three", saves).measured().orElseThrow();
    assertThat(plain.value()).isCloseTo(2.5, within(1e-9));
    assertThat(plain.met()).isFalse();
    Target.Measured limit = target("save from QEMU 7 at 0.9", saves).measured().orElseThrow();
    assertThat(limit.value()).isCloseTo(0.9, within(1e-9));
    assertThat(limit.met()).isTrue();
  }

  @Test
  void anythingSlowerIsAMiss() {
    assertThat(
            target("save from QEMU 7 no slower", saves(1, 2.01, 2, 9))
                .measured()
                .orElseThrow()
                .met())
        .isFalse();
  }

  @Test
  void whatWasNotMeasuredIsNeitherMetNorMissed() {
    assertThat(Targets.of(List.of())).isNotEmpty().allMatch(each -> each.measured().isEmpty());
    assertThat(target("save by the engine", suite("engine", LIMIT, timed(LIMIT, 1))).measured())
        .isEmpty();
  }

  @Test
  void whatFailsOnOurSideIsAMiss() {
    RivalResult half =
        new RivalResult(
            "QEMU 7.2.22" + Names.SAVE_STOPPED,
            List.of(Sample.of(Metric.SECONDS, 0.1)),
            Optional.of("the disk is full"));
    SuiteResult saves = suite("save", LIMIT, half, timed(LIMIT, 1));
    Target target = target("save from QEMU 7 at 0.9", saves);
    assertThat(target.measured()).isEmpty();
    assertThat(target.failure().orElseThrow()).contains("the disk is full");
    assertThat(ResultText.of(Results.of(saves)))
        .containsPattern("MISSED +save from QEMU 7 at 0.9 .* failed: the disk is full");
  }

  @Test
  void whereACounterpartFailsNothingIsMeasured() {
    Target target =
        target(
            "save from QEMU 7 at 0.9",
            suite(
                "save",
                LIMIT,
                timed("QEMU 7.2.22" + Names.SAVE_STOPPED, 1),
                new RivalResult(
                    LIMIT, List.of(Sample.of(Metric.SECONDS, 9)), Optional.of("no direct I/O"))));
    assertThat(target.measured()).isEmpty();
    assertThat(target.failure()).isEmpty();
  }

  @Test
  void restoresAreComparedAtTheSameTemperatureByWhatReadsTheFileItself() {
    SuiteResult restores =
        suite(
            "restore",
            "x",
            timed("QEMU 10.0.2" + Names.RESTORE + "instant" + Names.COLD, 0.1),
            timed("QEMU 10.0.2" + Names.RESTORE + "native" + Names.COLD, 0.1),
            timed("QEMU 10.0.2" + Names.RESTORE + "lazy" + Names.COLD, 3),
            timed("QEMU 10.0.2" + Names.RESTORE + "stream" + Names.WARM, 1),
            timed("QEMU 7.2.22, exec:cat" + Names.COLD, 0.1),
            timed("QEMU 10.0.2, exec:cat" + Names.COLD, 4),
            timed("QEMU 10.0.2" + Names.DIRECT_IO + Names.COLD, 2));
    Target.Measured cold =
        target("full restore by the library no slower than QEMU 10's best, cold", restores)
            .measured()
            .orElseThrow();
    assertThat(cold.value()).isCloseTo(2.0 / 3, within(1e-9));
    assertThat(cold.met()).isFalse();
    assertThat(
            target("full restore by the library no slower than QEMU 10's best, warm", restores)
                .measured())
        .isEmpty();
  }

  @Test
  void conversionIsComparedByItsSlowerWayWithTheDisksSlowerWay() {
    Target.Measured convert =
        target(
                "convert at 0.9 of the disk's limit",
                suite(
                    "convert",
                    "cp",
                    timed(Names.CONVERT + "to fixed-ram", 1),
                    timed(Names.CONVERT + "to mapped-ram", 2),
                    timed("fixedram convert 64 GiB sparse", 9),
                    timed(LIMIT, 1.9),
                    timed(Names.DISK_READ + " (fio)", 1)))
            .measured()
            .orElseThrow();
    assertThat(convert.value()).isCloseTo(0.95, within(1e-9));
    assertThat(convert.met()).isTrue();
  }

  @Test
  void thePeakIsTheHighestOfAll() {
    RivalResult high =
        new RivalResult(
            "high",
            List.of(
                Sample.of(Metric.SECONDS, 1).with(Metric.PEAK_MIB, 100),
                Sample.of(Metric.SECONDS, 1).with(Metric.PEAK_MIB, 193)),
            Optional.empty());
    Target.Measured peak =
        target("peak memory", suite("convert", "high", high)).measured().orElseThrow();
    assertThat(peak.value()).isEqualTo(193);
    assertThat(peak.met()).isFalse();
  }

  @Test
  void infoIsMeasuredInTime() {
    SuiteResult quick = suite("convert", "cp", timed(Names.INFO_LARGE, 0.15));
    SuiteResult slow = suite("convert", "cp", timed(Names.INFO_LARGE, 0.16));
    assertThat(target("info of a 64 GiB", quick).measured().orElseThrow().met()).isTrue();
    assertThat(target("info of a 64 GiB", slow).measured().orElseThrow().met()).isFalse();
  }
}
