// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.cli.TinySave;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of files, whatever they are made of, and names that can't be taken. */
class NamesTest {
  @TempDir Path directory;
  private Path save;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @BeforeEach
  void write() {
    save = TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
  }

  private Result convert(Object target) throws IOException, InterruptedException {
    return Launcher.run(directory, "convert", save, target, "--to", "mapped-ram");
  }

  private int shell(String line) throws IOException, InterruptedException {
    return new ProcessBuilder("/bin/sh", "-c", "cd '" + directory + "' && " + line)
        .inheritIO()
        .start()
        .waitFor();
  }

  /** 255 bytes is what a name can have. */
  @ParameterizedTest
  @ValueSource(ints = {246, 247, 255})
  void longNames(int bytes) throws IOException, InterruptedException {
    for (String name : new String[] {"x".repeat(bytes), "ü".repeat(bytes / 2)}) {
      Path target = directory.resolve(name);
      Result converted = convert(target);
      assertThat(converted.status()).as(converted.err()).isZero();
      TinySave.assertSame(target, save);
    }
    try (Stream<Path> all = Files.list(directory)) {
      assertThat(all).hasSize(3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"new/", "save/", "new/."})
  void aSlashAtTheEndNamesADirectory(String name) throws IOException, InterruptedException {
    for (Object[] words :
        new Object[][] {
          {"convert", save, directory + "/" + name, "--to", "mapped-ram"},
          {"info", directory + "/" + name}
        }) {
      Result refused = Launcher.run(directory, words);
      assertThat(refused.status()).isEqualTo(2);
      assertThat(refused.err()).contains(name + "' names a directory").hasLineCount(1);
    }
    assertThat(directory.resolve("new")).doesNotExist();
  }

  /** The source is one that would be refused itself, if it were read. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "touch target; chattr +i target",
        "touch target; chattr +a target",
        "touch target; chattr +a .",
        "touch target; mount --bind save target",
      })
  void whatCannotBeReplacedIsSaidBeforehand(String line) throws IOException, InterruptedException {
    try {
      assumeTrue(shell("{ " + line + "; } 2>&1") == 0, "this takes root and ext4");
      Files.writeString(save, "no save");
      Result refused =
          Launcher.run(
              directory,
              "receive",
              directory.resolve("target"),
              "--listen",
              "-",
              "--format",
              "stream");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err())
          .startsWith("fixedram: cannot write " + directory.resolve("target") + ": ")
          .hasLineCount(1)
          .containsAnyOf("immutable", "append-only", "mounted on it");
      assertThat(directory.resolve(".target.partial")).doesNotExist();
    } finally {
      shell("{ umount target; chattr -ia . target; } 2>/dev/null; true");
    }
  }

  @Test
  void fileOfAnotherUserInAStickyDirectory() throws IOException, InterruptedException {
    assumeTrue(
        shell(
                "mkdir -m 1777 shared && touch shared/target && chmod 755 .. . &&"
                    + " setpriv --reuid=65534 --clear-groups true")
            == 0,
        "this takes root");
    try (Launcher convert =
        Launcher.shell(
            directory,
            "exec setpriv --reuid=65534 --clear-groups %s receive %s --listen - </dev/null"
                .formatted(Launcher.quoted(), directory.resolve("shared/target")))) {
      Result refused = convert.result();
      assumeTrue(!refused.err().contains("ermission denied"), "this tree is for its owner only");
      assertThat(refused.err()).contains("another user's in a directory with the sticky bit");
      assertThat(refused.status()).isEqualTo(1);
    }
  }

  @Test
  void readersLockDoesNotKeepASaveFromItsName() throws IOException, InterruptedException {
    Path target = Files.writeString(directory.resolve("target"), "an earlier save");
    try (Launcher converted =
        Launcher.shell(
            directory,
            "exec flock -s '%s' %s convert '%s' '%1$s' --to mapped-ram"
                .formatted(target, Launcher.quoted(), save))) {
      Result result = converted.result();
      assertThat(result.status()).as(result.err()).isZero();
    }
    TinySave.assertSame(target, save);
  }

  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void nameThatIsNotUtf8(String locale) throws IOException, InterruptedException {
    for (String command :
        new String[] {
          "info $'\\xff'", "convert save $'\\xff' --to stream", "restore save -- qemu $'\\xff'"
        }) {
      try (Launcher launcher =
          Launcher.shell(
              directory,
              "cd '%s'; cp save $'\\xff'; LC_ALL=%s exec %s %s"
                  .formatted(directory, locale, Launcher.quoted(), command))) {
        Result refused = launcher.result();
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("is not UTF-8, and Java can't").hasLineCount(1);
      }
    }
    try (Launcher launcher =
        Launcher.shell(
            directory,
            "mkdir '%1$s/'$'\\xfe' && cd '%1$s/'$'\\xfe' && exec %2$s info ../save"
                .formatted(directory, Launcher.quoted()))) {
      assertThat(launcher.result().err()).contains("start from another one").hasLineCount(1);
    }
    shell("rmdir \"$(printf '\\376')\"");
    shell("rm -f \"$(printf '\\377')\"");
    Path marked = Files.copy(save, directory.resolve("\ufffd ü"));
    Result read = Launcher.run(directory, "info", marked);
    assertThat(read.status()).as(read.err()).isZero();
  }

  @Test
  void namesForgeNoLines() throws IOException, InterruptedException {
    String name = "a\nfixedram: saved\u009b1m";
    Result missing = Launcher.run(directory, "info", directory.resolve(name));
    assertThat(missing.err()).hasLineCount(1).contains("a\\nfixedram: saved\\x9b1m");
    Path target = directory.resolve(name);
    Result converted = convert(target);
    assertThat(converted.out()).hasLineCount(1).contains("a\\nfixedram: saved\\x9b1m");
    Result info = Launcher.run(directory, "info", target);
    assertThat(info.out()).contains("a\\nfixedram: saved\\x9b1m: mapped-ram, complete\n");
    Result json =
        Launcher.run(directory, "convert", save, target, "--to", "stream", "--output", "json");
    assertThat(json.out()).hasLineCount(1).contains("saved\\u009b1m").doesNotContain("\u009b");
  }
}
