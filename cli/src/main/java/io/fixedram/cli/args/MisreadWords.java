// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds words of the command line that Java could not decode with the locale's encoding. Java
 * replaces invalid bytes by U+FFFD and would use, or pass on to QEMU, another name than was given.
 */
public final class MisreadWords {
  private static final char MARK = '\ufffd';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private MisreadWords() {}

  /** The error if a word or the current directory was misread; empty otherwise. */
  public static Optional<String> refusal(List<String> words) {
    String directory = System.getProperty("user.dir", "");
    if (directory.indexOf(MARK) >= 0 && !Files.isDirectory(Path.of(directory))) {
      return Optional.of(
          "the current directory '"
              + directory
              + "' has a name that is not UTF-8, which Java can't pass on: start from another one");
    }
    Optional<String> marked = words.stream().filter(word -> word.indexOf(MARK) >= 0).findFirst();
    if (marked.isEmpty()) {
      return Optional.empty();
    }
    try {
      return refusal(marked.get(), Files.readAllBytes(COMMAND_LINE));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> refusal(String word, byte[] commandLine) {
    try {
      String read =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(commandLine)).toString();
      // The character can also be a part of the name.
      return read.contains(word)
          ? Optional.empty()
          : Optional.of(
              "'" + word + "' can't be read in this locale: set LC_ALL=C.UTF-8 and try again");
    } catch (CharacterCodingException e) {
      return Optional.of(
          "'"
              + word
              + "' is not UTF-8, and Java can't pass such names on: rename the file, or make a link"
              + " to it whose name is UTF-8");
    }
  }
}
