// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.console.RemedyText;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.testkit.LibraryRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the command tells its users to do is there to be done. */
class RemedyTextTest {
  private static final Pattern COMMAND = Pattern.compile("'fixedram ([a-z]+) ([^']*)'");
  private static final Pattern OPTION = Pattern.compile("--([a-z][a-z-]*)(?: ([a-z-]+))?");
  private static final Path SOURCE =
      Path.of("src", "main", "java", "io", "fixedram", "cli", "console", "RemedyText.java");

  private static CommandSpec commandOf(Remedy remedy) {
    Matcher named = COMMAND.matcher(RemedyText.words(remedy));
    if (named.find()) {
      return Commands.spec(named.group(1));
    }
    return Commands.spec(
        switch (remedy) {
          case DO_NOT_RESERVE, NAME_OVERLAY_DIRECTORY, SNAPSHOT_DISKS, WRITE_THROUGH_PAGE_CACHE ->
              "save";
          default -> "restore";
        });
  }

  @ParameterizedTest
  @EnumSource
  void eachNamesOptionsThatItsCommandHas(Remedy remedy) {
    CommandSpec spec = commandOf(remedy);
    List<MatchResult> options = OPTION.matcher(RemedyText.words(remedy)).results().toList();
    assertThat(options.isEmpty())
        .as("names no option, but what needs none")
        .isEqualTo(remedy == Remedy.SEAL || remedy == Remedy.WRITE_ELSEWHERE);
    assertThat(options)
        .allSatisfy(named -> {
          Optional<OptionSpec> option =
              spec.ownOptions().stream()
                  .filter(each -> each.longName().equals(named.group(1)))
                  .findFirst();
          assertThat(option).as("--%s of %s", named.group(1), spec.name()).isPresent();
          List<String> choices = option.orElseThrow().choices();
          if (!choices.isEmpty()) {
            assertThat(choices).contains(named.group(2));
          }
        });
  }

  @Test
  void remediesFollowTheReason() {
    assertThat(RemedyText.sentence(Reason.of("no"))).isEqualTo("no");
    assertThat(RemedyText.sentence(Reason.of("no", Remedy.RESTORE_LAZILY, Remedy.USE_STREAM)))
        .isEqualTo("no; --via lazy may work; --via stream works here");
  }

  /** The rule of the libraries looks for all names, and finds them in strings that have them. */
  @Test
  void librariesAreSearchedForAllOptions() throws IOException {
    Stream<String> options =
        Commands.NAMES.stream()
            .filter(name -> !name.equals("bench"))
            .flatMap(name -> Commands.spec(name).ownOptions().stream())
            .map(OptionSpec::longName);
    assertThat(LibraryRules.OPTIONS_OF_THE_COMMAND)
        .containsExactlyElementsOf(options.distinct().sorted().toList());
    assertThat(LibraryRules.NAMES_OF_COMMANDS)
        .containsExactlyElementsOf(Commands.NAMES.stream().sorted().toList());
    // All but the one that needs no option.
    assertThat(LibraryRules.stringsThatNameTheCommand(Files.readString(SOURCE)))
        .hasSize(Remedy.values().length - 1);
  }
}
