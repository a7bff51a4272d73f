// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules for the library modules, which must not refer to the command. */
public abstract class LibraryRules extends ModuleRules {
  /**
   * Names of the command's options, without usual ones; a test of the command compares the list.
   */
  public static final List<String> OPTIONS_OF_THE_COMMAND =
      List.of(
          "align",
          "block",
          "budget",
          "capability",
          "connect",
          "context",
          "cpu",
          "describe",
          "detach",
          "device",
          "devices",
          "direct-io",
          "disk-snapshot",
          "force-disks",
          "format",
          "gpa",
          "hex",
          "key-file",
          "length",
          "limit",
          "list",
          "listen",
          "manifest",
          "max-downtime",
          "max-passes",
          "new-overlays",
          "no-sync",
          "offset",
          "out",
          "overlay-dir",
          "overlay-name",
          "parameter",
          "paused",
          "pid",
          "prealloc",
          "qmp",
          "ram",
          "ranges",
          "raw",
          "regex",
          "registers",
          "salvage",
          "same",
          "serve",
          "show-secrets",
          "source-key-file",
          "stop",
          "then",
          "to",
          "verify",
          "via",
          "virtual",
          "vm-generation-id");

  /** Names of the command's subcommands. */
  public static final List<String> NAMES_OF_COMMANDS =
      List.of(
          "analyze", "bench", "check", "convert", "demo", "diff", "export", "extract", "find",
          "info", "read", "receive", "restore", "save", "seal", "send", "verify");

  private static final Pattern NAMES =
      Pattern.compile(
          "--(?:"
              + String.join("|", OPTIONS_OF_THE_COMMAND)
              + ")(?![\\w-])|fixedram (?:"
              + String.join("|", NAMES_OF_COMMANDS)
              + ")\\b|-- QEMU-COMMAND|after --(?![\\w-])");

  /**
   * Comments and character literals are matched too, so that quotes in them don't begin a string.
   */
  private static final Pattern STRING_OR_OTHER =
      Pattern.compile(
          "/\\*.*?\\*/|//[^\\n]*|'(?:[^'\\\\\\n]|\\\\.)+'"
              + "|\"\"\"(?<block>.*?)\"\"\"|\"(?<string>[^\"\\\\\\n]*+(?:\\\\.[^\"\\\\\\n]*+)*+)\"",
          Pattern.DOTALL);

  /**
   * Creates the rules of a module.
   *
   * @param layers see {@link ModuleRules}
   */
  protected LibraryRules(String... layers) {
    super(layers);
  }

  /** Advice on failures must be a Remedy, for which the command names its options. */
  @Test
  final void noStringNamesTheCommandOrItsOptions() throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(SOURCES)) {
      files = walk.filter(file -> file.toString().endsWith(".java")).toList();
    }
    assertThat(files).isNotEmpty();
    List<String> named = new ArrayList<>();
    for (Path file : files) {
      stringsThatNameTheCommand(Files.readString(file))
          .forEach(text -> named.add(file.getFileName() + ": " + text));
    }
    assertThat(named).isEmpty();
  }

  /** The string constants of a source file that name the command or its options. */
  public static List<String> stringsThatNameTheCommand(String source) {
    // Joins concatenated string literals.
    String joined = source.replaceAll("(?<!\\\\)\"\\s*\\+\\s*\"", "");
    return STRING_OR_OTHER
        .matcher(joined)
        .results()
        .map(LibraryRules::text)
        .filter(text -> NAMES.matcher(text).find())
        .toList();
  }

  private static String text(MatchResult found) {
    return Stream.of("block", "string")
        .map(found::group)
        .filter(text -> text != null)
        .findFirst()
        .orElse("");
  }
}
