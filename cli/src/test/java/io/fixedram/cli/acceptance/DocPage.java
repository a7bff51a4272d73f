// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A page of the documentation that shows Java programs, and the commands that run them. */
record DocPage(List<String> lines) {
  private static final Path TREE = Path.of("..").toAbsolutePath().normalize();
  private static final String BEGIN = "```java";
  private static final String END = "```";
  private static final String CODE_INDENT = "    ";

  /** Reads one; its name is from the source tree's root on. */
  static DocPage read(String name) throws IOException {
    return new DocPage(Files.readAllLines(TREE.resolve(name)));
  }

  /** The classes of its programs, in order. */
  List<String> programs() {
    return lines.stream()
        .filter(line -> line.startsWith("class "))
        .map(line -> line.split(" ", -1)[1])
        .toList();
  }

  /** The program that is the class of that name. */
  List<String> program(String name) {
    int begin = lines.indexOf(classLine(name));
    while (!lines.get(begin).equals(BEGIN)) {
      begin--;
    }
    List<String> rest = lines.subList(begin + 1, lines.size());
    return rest.subList(0, rest.indexOf(END));
  }

  private String classLine(String name) {
    return lines.stream()
        .filter(line -> line.startsWith("class " + name + " "))
        .findFirst()
        .orElseThrow();
  }

  /** The lines that a user types: those of the first indented block that calls the launcher. */
  List<String> commands() {
    return lines.stream()
        .dropWhile(line -> !line.startsWith(CODE_INDENT + "./fixedram "))
        .takeWhile(line -> line.startsWith(CODE_INDENT))
        .map(String::strip)
        .toList();
  }

  /** Puts the programs into a directory, with what stands in a clone, as built. */
  void writeTo(Path directory) throws IOException {
    for (String name : programs()) {
      Files.write(directory.resolve(name + ".java"), program(name));
    }
    // Nothing that Maven alone would make there.
    Files.createSymbolicLink(directory.resolve("fixedram"), TREE.resolve("fixedram"));
    Path target = Files.createDirectory(directory.resolve("target"));
    Files.createSymbolicLink(target.resolve("fixedram"), TREE.resolve("target/fixedram"));
  }

  /** Lines of shell that run commands in such a directory. */
  String shell(Path directory, String commands) {
    return "set -e; cd '%s'; PATH='%s/bin':$PATH\n%s"
        .formatted(directory, System.getProperty("java.home", ""), commands);
  }
}
