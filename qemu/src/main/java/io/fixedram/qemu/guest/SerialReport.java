// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import io.fixedram.error.StorageException;
import io.fixedram.os.SmallFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The messages of a {@link MemoryGuest} on its serial line so far.
 *
 * <p>The text may be the output of one QEMU or of several, one after the other: a line that a save
 * cut in two is whole again when the texts of both sides are joined. Other lines are ignored, and
 * so is an incomplete last line, except that a report of a wrong page counts from its first word
 * on.
 *
 * @param ready whether the guest has filled its memory
 * @param firstGeneration the first generation that was reported, good or bad
 * @param lastGeneration the last one
 * @param consecutive whether each reported generation follows the previous one, and the first one
 *     after the guest became ready is 1: nothing was skipped or repeated
 * @param firstBad the first line that reports a wrong page, perhaps incomplete; the guest repeats
 *     the page's number in every generation from then on
 */
public record SerialReport(
    boolean ready,
    OptionalLong firstGeneration,
    OptionalLong lastGeneration,
    boolean consecutive,
    Optional<String> firstBad) {

  private static final Pattern GENERATION =
      Pattern.compile("gen ([0-9a-f]{8}) (?:ok|BAD page [0-9a-f]{8})\r?$");

  /** A guest prints some twenty bytes in each generation. */
  private static final int MAX_BYTES = 16 << 20;

  private static final Pattern READY = Pattern.compile("fixedram guest ready\r?$");

  /** Reads the text that the guest has printed so far. */
  public static SerialReport of(String text) {
    boolean ready = false;
    boolean consecutive = true;
    OptionalLong first = OptionalLong.empty();
    OptionalLong last = OptionalLong.empty();
    OptionalLong next = OptionalLong.empty();
    int start = 0;
    for (int end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
      String line = text.substring(start, end);
      Matcher generation = GENERATION.matcher(line);
      if (generation.find()) {
        long number = Long.parseLong(generation.group(1), 16);
        consecutive &= next.orElse(number) == number;
        first = OptionalLong.of(first.orElse(number));
        last = OptionalLong.of(number);
        next = OptionalLong.of(number + 1);
      } else if (READY.matcher(line).find()) {
        ready = true;
        next = OptionalLong.of(1);
      }
    }
    Optional<String> bad =
        text.lines().filter(line -> line.contains(" BAD")).map(String::strip).findFirst();
    return new SerialReport(ready, first, last, consecutive, bad);
  }

  /**
   * Reads the file that QEMU writes the serial line to ({@code -serial file:PATH}). A file that
   * does not exist yet reads like an empty one.
   *
   * @throws StorageException if the file can't be read
   */
  public static SerialReport read(Path file) {
    try {
      return of(SmallFile.text(file, MAX_BYTES, StandardCharsets.ISO_8859_1));
    } catch (NoSuchFileException e) {
      return of("");
    } catch (IOException e) {
      throw new StorageException("Can't read the guest's serial output " + file + ": " + e, e);
    }
  }
}
