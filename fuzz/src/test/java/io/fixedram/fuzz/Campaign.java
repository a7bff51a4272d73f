// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Runs targets under Jazzer, one after the other, and prints a line of results for each. Inputs
 * that were found are kept in a directory, from which the next run goes on.
 */
final class Campaign {
  private static final String USAGE =
      "use: fuzz [--minutes N] [--into DIRECTORY] [TARGET]...\ntargets: " + Targets.NAMES;

  private static final int DEFAULT_MINUTES = 5;

  private Campaign() {}

  /** Runs the targets that are named, or all. */
  public static void main(String[] arguments) throws Exception {
    int seconds = DEFAULT_MINUTES * 60;
    Path directory = Path.of("target", "fuzz");
    List<String> names = new ArrayList<>();
    for (Iterator<String> words = List.of(arguments).iterator(); words.hasNext(); ) {
      String word = words.next();
      if (word.equals("--minutes") && words.hasNext()) {
        seconds = (int) (60 * Double.parseDouble(words.next()));
      } else if (word.equals("--into") && words.hasNext()) {
        directory = Path.of(words.next());
      } else {
        names.add(word);
      }
    }
    if (!Targets.NAMES.containsAll(names)) {
      System.err.println(USAGE);
      System.exit(2);
    }
    boolean found = false;
    System.out.println(JazzerRun.HEADINGS);
    for (String name : names.isEmpty() ? Targets.NAMES : names) {
      JazzerRun.Result result = run(name, directory.resolve(name), seconds);
      System.out.println(result.row());
      found |= !result.findings().isEmpty();
    }
    System.exit(found ? 1 : 0);
  }

  /** Runs one target. */
  static JazzerRun.Result run(String name, Path directory, int seconds) throws Exception {
    Path seeds = Files.createDirectories(directory.resolve("seeds"));
    Path files = Files.createDirectories(directory.resolve("files"));
    clear(files);
    int number = 0;
    for (byte[] seed : Targets.of(name, files).seeds()) {
      Files.write(seeds.resolve("seed-" + number++), seed);
    }
    clear(files);
    return new JazzerRun(name, directory, seconds).run();
  }

  private static void clear(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }
}
