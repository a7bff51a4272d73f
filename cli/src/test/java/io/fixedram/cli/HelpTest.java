// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.args.ArgumentParser;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.command.ExitStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The help tells all that the parser takes, and fits a terminal. */
class HelpTest {
  static List<String> names() {
    // The other one is a module of its own, which is not there.
    return Commands.NAMES.stream().filter(name -> !name.equals("bench")).toList();
  }

  @Test
  void overviewNamesEveryCommandAndNoOther() {
    Run run = Run.of("--help");
    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines()).allMatch(line -> line.length() < 80);
    List<String> listed =
        run.out()
            .lines()
            .dropWhile(line -> !line.equals("Commands:"))
            .skip(1)
            .takeWhile(line -> !line.isEmpty())
            .map(line -> line.strip().split(" ", 2)[0])
            .toList();
    assertThat(listed).isEqualTo(Commands.NAMES);
    assertThat(Run.of("-h")).usingRecursiveComparison().isEqualTo(run);
  }

  @ParameterizedTest
  @MethodSource("names")
  void helpTellsAllThatTheParserTakes(String name) {
    CommandSpec spec = Commands.spec(name);
    assertThat(spec.name()).isEqualTo(name);
    Run run = Run.of(name, "--help");
    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    String help = run.out();
    assertThat(help.lines()).allMatch(line -> line.length() < 80).noneMatch(this::endsInSpace);
    assertThat(help).contains("Usage: fixedram " + name + " ");
    assertThat(help).contains("Exit status:", "  0 ", "  1 ", "  2 ", "  3 ", "  130 ");
    assertThat(help).containsPattern("Examples?:");
    for (OptionSpec option : spec.allOptions()) {
      String shown =
          (option.shortName().isPresent() ? "  -" + option.shortName().get() + ", " : "      ")
              + "--"
              + option.longName()
              + option.valueName().map(value -> " " + value).orElse("");
      assertThat(help.lines()).anyMatch(line -> line.startsWith(shown));
      option.defaultValue().ifPresent(value -> assertThat(help).contains(value + ")"));
    }
    for (String operand : spec.operands()) {
      if (operand.startsWith(CommandSpec.OPTIONAL)) {
        String plain = operand.substring(1, operand.length() - 1);
        assertThat(spec.synopses()).anyMatch(synopsis -> synopsis.contains(plain));
      } else {
        assertThat(spec.synopses()).allMatch(synopsis -> synopsis.contains(operand));
      }
    }
  }

  private boolean endsInSpace(String line) {
    return line.endsWith(" ");
  }

  @ParameterizedTest
  @MethodSource("names")
  void noOptionIsThereTwice(String name) {
    Set<String> seen = new HashSet<>();
    for (OptionSpec option : Commands.spec(name).allOptions()) {
      assertThat(seen.add(option.longName())).isTrue();
      option.shortName().ifPresent(letter -> assertThat(seen.add(letter)).isTrue());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void examplesAreCallsThatTheParserTakes(String name) {
    List<String> calls =
        Commands.spec(name).examples().stream()
            .flatMap(example -> example.lines().stream())
            .filter(line -> line.contains("fixedram " + name))
            .toList();
    assertThat(calls).isNotEmpty();
    for (String call : calls) {
      String[] words =
          call.substring(call.indexOf("fixedram ") + "fixedram ".length())
              .replaceFirst(" [|&].*", "")
              .split(" ");
      // Reads it, and stops before it is done.
      assertThat(
              ArgumentParser.parse(Commands.spec(name), List.of(words).subList(1, words.length))
                  .map(arguments -> Commands.command(name, arguments)))
          .isPresent();
    }
  }

  @Test
  void missingModuleIsToldOfInOneSentence() {
    Run run = Run.of("bench", "--quick");
    assertThat(run.status()).isEqualTo(ExitStatus.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("bench: its module is not installed").hasLineCount(1);
    assertThat(Run.of("bench", "--help")).usingRecursiveComparison().isEqualTo(run);
  }

  @Test
  void helpIsAnsweredWhateverElseIsMissing() {
    assertThat(Run.of("save", "--then", "quit", "-h").out())
        .isEqualTo(Run.of("save", "--help").out());
  }
}
