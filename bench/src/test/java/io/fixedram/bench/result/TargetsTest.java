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

  private static Target.Verdict verdict(String begin, SuiteResult... suites) {
    return target(begin, suites).measured().orElseThrow().verdict();
  }

  private static SuiteResult saves(double[] stopped, double... direct) {
    return suite(
        "save",
        LIMIT,
        timed("QEMU 7.2.22" + Names.SAVE_MEMORY, 0.1),
        timed("QEMU 7.2.22" + Names.SAVE_MEMORY_STOPPED, stopped),
        timed("QEMU 7.2.22" + Names.SAVE + "stream" + Names.STOPPED, 0.1),
        timed("QEMU 10.0.2" + Names.SAVE_MEMORY_STOPPED, 0.1),
        timed("QEMU 10.0.2" + Names.DIRECT_IO, direct),
        timed("QEMU 10.0.2" + Names.MULTIFD, 0.1),
        timed("QEMU 10.0.2" + Names.MAPPED_RAM, 0.1),
        timed(LIMIT, 1.9));
  }

  private static double[] seconds(double... seconds) {
    return seconds;
  }

  @Test
  void savesOfQemu7AreComparedByThoseInPlaceOfStoppedGuests() {
    SuiteResult saves = saves(seconds(2), 2);
    Target.Measured direct = target("save from QEMU 7 no slower", saves).measured().orElseThrow();
    assertThat(direct.value()).isCloseTo(1, within(1e-9));
    assertThat(direct.verdict()).isEqualTo(Target.Verdict.MET);
    assertThat(direct.text())
        .contains("1.00", "QEMU 7.2.22, fixedram save --via memory --stop: 2.00 s");
    Target.Measured limit = target("save from QEMU 7 at 0.95", saves).measured().orElseThrow();
    assertThat(limit.value()).isCloseTo(0.95, within(1e-9));
    assertThat(limit.verdict()).isEqualTo(Target.Verdict.MET);
  }

  @Test
  void anythingSlowerIsAMiss() {
    assertThat(verdict("save from QEMU 7 no slower", saves(seconds(2.01), 2)))
        .isEqualTo(Target.Verdict.MISSED);
  }

  /** The host was slow in the second round, for both. */
  @Test
  void timesOfTheSameRoundAreCompared() {
    SuiteResult saves = saves(seconds(1, 10, 2), 1.1, 11, 2.2);
    assertThat(target("save from QEMU 7 no slower", saves).measured().orElseThrow().value())
        .isCloseTo(1.1, within(1e-9));
    assertThat(verdict("save from QEMU 7 no slower", saves)).isEqualTo(Target.Verdict.MET);
  }

  @Test
  void quartilesOnBothSidesDecideNothing() {
    SuiteResult saves = saves(seconds(1, 1, 1, 1), 0.8, 0.9, 1.1, 1.2);
    assertThat(verdict("save from QEMU 7 no slower", saves)).isEqualTo(Target.Verdict.UNDECIDED);
    assertThat(ResultText.of(Results.of(saves)))
        .containsPattern("undecided +save from QEMU 7 no slower .* quartiles 0.88 to 1.1");
  }

  @Test
  void downtimeIsThatOfLiveSavesInPlace() {
    Sample shortly = Sample.of(Metric.SECONDS, 1).with(Metric.DOWNTIME_SECONDS_PER_GIB, 0.14);
    Sample longer = Sample.of(Metric.SECONDS, 1).with(Metric.DOWNTIME_SECONDS_PER_GIB, 0.16);
    RivalResult memory =
        new RivalResult("QEMU 10" + Names.SAVE_MEMORY, List.of(shortly), Optional.empty());
    RivalResult slow =
        new RivalResult("QEMU 7" + Names.SAVE_MEMORY, List.of(longer), Optional.empty());
    RivalResult stream =
        new RivalResult("QEMU 7" + Names.SAVE + "stream", List.of(longer), Optional.empty());
    String idle = "live save of a guest that is idle";
    assertThat(verdict(idle, suite("save", "x", memory, stream))).isEqualTo(Target.Verdict.MET);
    assertThat(verdict(idle, suite("save", "x", memory, slow))).isEqualTo(Target.Verdict.MISSED);
    assertThat(verdict("live save of a guest that is busy", suite("growth", "x", memory)))
        .isEqualTo(Target.Verdict.MET);
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
            "QEMU 7.2.22" + Names.SAVE_MEMORY_STOPPED,
            List.of(Sample.of(Metric.SECONDS, 0.1)),
            Optional.of("the disk is full"));
    SuiteResult saves = suite("save", LIMIT, half, timed(LIMIT, 1));
    Target target = target("save from QEMU 7 at 0.95", saves);
    assertThat(target.measured()).isEmpty();
    assertThat(target.failure().orElseThrow()).contains("the disk is full");
    assertThat(ResultText.of(Results.of(saves)))
        .containsPattern("MISSED +save from QEMU 7 at 0.95 .* failed: the disk is full");
  }

  @Test
  void whereACounterpartFailsNothingIsMeasured() {
    Target target =
        target(
            "save from QEMU 7 at 0.95",
            suite(
                "save",
                LIMIT,
                timed("QEMU 7.2.22" + Names.SAVE_MEMORY_STOPPED, 1),
                new RivalResult(
                    LIMIT, List.of(Sample.of(Metric.SECONDS, 9)), Optional.of("no direct I/O"))));
    assertThat(target.measured()).isEmpty();
    assertThat(target.failure()).isEmpty();
  }

  @Test
  void restoresInPlaceAreComparedWithThoseOfQemuAtTheSameTemperature() {
    SuiteResult restores =
        suite(
            "restore",
            "x",
            timed("QEMU 10.0.2" + Names.RESTORE + "instant" + Names.COLD, 0.1),
            timed("QEMU 10.0.2" + Names.RESTORE + "memory" + Names.COLD, 1),
            timed("QEMU 7.2.22" + Names.RESTORE + "memory" + Names.COLD, 3),
            timed("QEMU 10.0.2" + Names.RESTORE + "memory" + Names.WARM, 1),
            timed("QEMU 7.2.22, exec:cat" + Names.COLD, 0.1),
            timed("QEMU 10.0.2, exec:cat" + Names.COLD, 4),
            timed("QEMU 10.0.2" + Names.DIRECT_IO + Names.COLD, 2));
    Target.Measured cold =
        target("full restore no slower than QEMU 10's best, cold", restores)
            .measured()
            .orElseThrow();
    assertThat(cold.value()).isCloseTo(2.0 / 3, within(1e-9));
    assertThat(cold.verdict()).isEqualTo(Target.Verdict.MISSED);
    assertThat(
            target("full restore in 0.8 of the time of QEMU 10's best, warm", restores).measured())
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
    assertThat(convert.verdict()).isEqualTo(Target.Verdict.MET);
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
    assertThat(peak.verdict()).isEqualTo(Target.Verdict.MISSED);
  }

  @Test
  void infoIsMeasuredInTime() {
    SuiteResult quick = suite("convert", "cp", timed(Names.INFO_LARGE, 0.15));
    SuiteResult slow = suite("convert", "cp", timed(Names.INFO_LARGE, 0.16));
    assertThat(verdict("info of a 64 GiB", quick)).isEqualTo(Target.Verdict.MET);
    assertThat(verdict("info of a 64 GiB", slow)).isEqualTo(Target.Verdict.MISSED);
  }
}
