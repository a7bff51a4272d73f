// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.args.OptionSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The launcher's own look at the command's words agrees with the command's options. */
class LauncherTest {
  private static final Pattern FUNCTION =
      Pattern.compile("^fingerprints\\(\\) \\{.*?^}$", Pattern.DOTALL | Pattern.MULTILINE);

  /** Whether the launcher takes the second compiler for a command. */
  private static boolean fingerprints(String words) throws Exception {
    Matcher function = FUNCTION.matcher(Files.readString(Path.of("..", "fixedram")));
    assertThat(function.find()).isTrue();
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", function.group() + "\nfingerprints \"$@\"", "bash"));
    command.addAll(List.of(words.split(" ")));
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    assertThat(status).isBetween(0, 1);
    return status == 0;
  }

  /** A guest that is stopped needs no fingerprints, and one that QEMU sends neither. */
  @Test
  void savesThatMayReadARunningGuestInPlaceAreKnown() throws Exception {
    assertThat(option("stop").valueName()).isEmpty();
    assertThat(fingerprints("save --qmp q f")).isTrue();
    assertThat(fingerprints("save --qmp q --stop f")).isFalse();
    OptionSpec via = option("via");
    assertThat(via.choices()).contains("stream");
    for (String choice : via.choices()) {
      boolean expected = !choice.equals("stream");
      for (String words : List.of("--via " + choice, "--via=" + choice)) {
        assertThat(fingerprints("save " + words + " --qmp q f")).as(words).isEqualTo(expected);
        assertThat(fingerprints("save --qmp q f " + words)).as(words).isEqualTo(expected);
      }
    }
  }

  private static OptionSpec option(String name) {
    return Commands.spec("save").ownOptions().stream()
        .filter(option -> option.longName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void otherCommandsAreNot() throws Exception {
    assertThat(fingerprints("--version")).isFalse();
    assertThat(fingerprints("restore --via memory f --qmp q")).isFalse();
  }
}
