// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveSeal;
import io.fixedram.qemu.check.OtherWriters;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.manifest.QemuFacts;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import io.fixedram.store.PageStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The QEMU command of a saved guest, from the manifest of the save, to be run again. Running a
 * command from a file is as dangerous as running a program from it, so the file must belong to this
 * user or root and nobody else may be able to write to it, unless its signature was checked, and
 * QEMU must be a program of the system or of this user's PATH.
 */
public final class SavedCommand {
  private static final String NAME = "qemu-system-\\S+|qemu-kvm|kvm";
  private static final Path SYSTEM = Path.of("/usr");

  /** What a restore adds at the end: a QMP socket in a private directory. */
  private static final Pattern OWN_SOCKET =
      Pattern.compile("unix:.*/qmp\\.sock,server=on,wait=off");

  /** Options with descriptors that the program which started QEMU had opened. */
  private static final Pattern DESCRIPTOR =
      Pattern.compile("(?:.*,)?(?:v?host)?fds?=[0-9:]+(?:,.*)?|.*/dev/fdset/.*|.*/proc/self/fd/.*");

  private static final Pattern COLON = Pattern.compile(":");
  private static final Pattern COMMA = Pattern.compile(",");

  private SavedCommand() {}

  /**
   * The command of a save, to be shown.
   *
   * @return the words; empty if the save does not contain them
   * @throws FixedRamException if the manifest is damaged
   */
  public static List<String> of(PageStore save) {
    return save.manifest()
        .map(text -> withoutRestore(Manifest.ofJson(text).guest().qemu().command()))
        .orElse(List.of());
  }

  /** Without the words that a restore by this library has added. */
  private static List<String> withoutRestore(List<String> words) {
    int end = words.size() - 4;
    return end > 0
            && words.subList(end, end + 3).equals(List.of("-incoming", "defer", "-qmp"))
            && OWN_SOCKET.matcher(words.getLast()).matches()
        ? words.subList(0, end)
        : words;
  }

  /**
   * The command of a save, to be run.
   *
   * @throws ObstacleException if the save does not contain it, or it can't or must not be run
   * @throws FixedRamException if the manifest is damaged
   */
  public static List<String> repeatable(PageStore save) {
    List<String> words = of(save);
    if (words.isEmpty()) {
      throw new ObstacleException(new StartObstacle.CommandUnknown(save.name()));
    }
    requireTrusted(save, words.getFirst());
    requireSameDirectory(save);
    for (String word : words) {
      if (DESCRIPTOR.matcher(word).matches() || word.matches("--?add-fd")) {
        throw cannot(
            save, word + " is a file that the program which started QEMU had opened; start it so");
      }
      if (word.matches("--?incoming")) {
        throw cannot(save, "that QEMU was started to wait for a guest (" + word + ")");
      }
    }
    return words;
  }

  private static ObstacleException cannot(PageStore save, String why) {
    return new ObstacleException(new StartObstacle.CommandNotRepeatable(save.name(), why));
  }

  private static void requireTrusted(PageStore save, String program) {
    boolean signed =
        save.seal().filter(seal -> seal.signature() == SaveSeal.Signature.CHECKED).isPresent();
    if (!signed) {
      Path file =
          save.localFile()
              .map(each -> each.path())
              .orElseThrow(() -> untrusted(save, "it is not in a local file"));
      OtherWriters.of(file)
          .ifPresent(why -> {
            throw untrusted(save, why);
          });
    }
    Path path = Path.of(program);
    if (!String.valueOf(path.getFileName()).matches(NAME) || !isInstalled(path)) {
      throw untrusted(save, program + " is not a QEMU of the system or of PATH");
    }
  }

  private static ObstacleException untrusted(PageStore save, String why) {
    return new ObstacleException(new StartObstacle.CommandNotTrusted(save.name(), why));
  }

  /** A name without a directory is looked up in PATH when it is run. */
  private static boolean isInstalled(Path program) {
    if (program.getNameCount() == 1 && !program.isAbsolute()) {
      return true;
    }
    try {
      Path real = program.toRealPath();
      return program.isAbsolute()
          && (real.startsWith(SYSTEM)
              || directoriesOfPath().anyMatch(each -> each.equals(real.getParent())));
    } catch (IOException e) {
      return false;
    }
  }

  private static Stream<Path> directoriesOfPath() {
    return COLON
        .splitAsStream(Optional.ofNullable(System.getenv("PATH")).orElse(""))
        .filter(each -> each.startsWith("/"))
        .map(each -> Path.of(each).normalize());
  }

  /** A relative path in the command names another file in another directory. */
  private static void requireSameDirectory(PageStore save) {
    QemuFacts qemu = Manifest.ofJson(save.manifest().orElseThrow()).guest().qemu();
    Path here = Path.of("").toAbsolutePath();
    if (qemu.directory().filter(here::equals).isEmpty()
        && qemu.command().stream().skip(1).anyMatch(word -> hasRelativePath(word, here, qemu))) {
      throw cannot(
          save,
          "it has relative paths and was started in "
              + qemu.directory().map(Path::toString).orElse("an unknown directory")
              + "; run this there");
    }
  }

  /** Whether a word, or a value in it, is a relative path, by its form or since there is a file. */
  private static boolean hasRelativePath(String word, Path here, QemuFacts qemu) {
    return COMMA
        .splitAsStream(word)
        .map(part -> part.substring(part.indexOf('=') + 1))
        .map(value -> value.replaceFirst("^(?:file|unix|pipe):", ""))
        .filter(value -> !value.isBlank() && !value.startsWith("/") && !value.startsWith("-"))
        .anyMatch(value ->
            value.matches("[^:]*/.+|.*\\.(?:qcow2|raw|img|iso|fd|sock|log)")
                || exists(here, value)
                || qemu.directory().filter(directory -> exists(directory, value)).isPresent());
  }

  private static boolean exists(Path directory, String name) {
    try {
      return Files.exists(directory.resolve(name));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
