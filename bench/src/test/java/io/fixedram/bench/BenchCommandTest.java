// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bench.guest.GuestKind;
import io.fixedram.bench.guest.GuestSize;
import io.fixedram.cli.args.ArgumentParser;
import io.fixedram.cli.args.HelpText;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code fixedram bench} understands. */
class BenchCommandTest {
  private static BenchCommand read(String... words) {
    return BenchCommand.of(ArgumentParser.parse(BenchCommand.SPEC, List.of(words)).orElseThrow());
  }

  @Test
  void hasDefaults() {
    assertThat(read())
        .isEqualTo(
            new BenchCommand(
                new BenchSettings(
                    EnumSet.allOf(Suite.class),
                    5,
                    new GuestSize(3072, 2304),
                    Path.of("/var/tmp"),
                    List.of(),
                    GuestKind.AUTO,
                    Optional.empty(),
                    Duration.ofSeconds(30),
                    8,
                    false),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void quickOnlyChangesDefaults() {
    BenchSettings quick = read("--quick").settings();
    assertThat(quick.rounds()).isEqualTo(2);
    assertThat(quick.size()).isEqualTo(new GuestSize(256, 160));
    assertThat(quick.clones()).isEqualTo(2);
    BenchSettings given =
        read("--quick", "--rounds", "7", "--ram", "1024", "--used", "100", "--clones", "3")
            .settings();
    assertThat(given.rounds()).isEqualTo(7);
    assertThat(given.size()).isEqualTo(new GuestSize(1024, 100));
    assertThat(given.clones()).isEqualTo(3);
  }

  @Test
  void takesAllItsOptions() {
    BenchCommand command =
        read(
            "--suite=save,clones",
            "--guest",
            "own",
            "--dir",
            "/d",
            "--qemu",
            "/q1",
            "--qemu",
            "/q2",
            "--analyze",
            "a.py",
            "--json",
            "j",
            "--chart",
            "c");
    BenchSettings settings = command.settings();
    assertThat(settings.suites()).isEqualTo(Set.of(Suite.SAVE, Suite.CLONES));
    assertThat(settings.guest()).isEqualTo(GuestKind.OWN);
    assertThat(settings.parent()).isEqualTo(Path.of("/d"));
    assertThat(settings.qemus()).containsExactly(Path.of("/q1"), Path.of("/q2"));
    assertThat(settings.analyze()).contains(Path.of("a.py"));
    assertThat(command.json()).contains(Path.of("j"));
    assertThat(command.chart()).contains(Path.of("c"));
  }

  @ParameterizedTest
  @CsvSource({
    "--suite, 'save,none', 'not ''none'''",
    "--suite, 'save,', 'not '''''",
    "--rounds, 0, 'from 1'",
    "--ram, 95, 'from 96'",
    "--used, 3025, 'give 3024 at most'",
    "--guest, windows, 'auto, linux or own'",
    "--json, -, 'must be a file'",
  })
  void refusesWhatCannotBe(String option, String value, String words) {
    assertThatThrownBy(() -> read(option, value))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll(option, words);
  }

  @Test
  void helpTellsAllThatItTakes() {
    String help = HelpText.of(BenchCommand.SPEC);
    assertThat(help.lines()).allMatch(line -> line.length() < 80);
    for (OptionSpec option : BenchCommand.SPEC.allOptions()) {
      assertThat(help).contains("--" + option.longName());
    }
    assertThat(read("--suite", "save", "--dir", "/mnt/nvme", "--json", "all.json")).isNotNull();
  }
}
