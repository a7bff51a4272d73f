// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds words of the command line that Java could not read: it makes text of them as the locale
 * says, puts a mark where that fails, and would open, or hand on to QEMU, another name than was
 * given.
 */
final class MisreadWords {
  private static final char MARK = '\ufffd';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private MisreadWords() {}

  /** Why the words can't be taken, if one was misread, or the directory that they start from. */
  static Optional<String> refusal(List<String> words) {
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
      // A name may hold the mark itself.
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
