// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.input;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.console.ShellWords;
import io.fixedram.error.FixedRamException;
import io.fixedram.key.SigningKey;
import io.fixedram.qemu.manifest.SecretWords;
import io.fixedram.qemu.restore.SavedCommand;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The QEMU that a restore is given: a command, the saved one, or one that waits. */
public final class QemuGiven {
  private QemuGiven() {}

  /**
   * The words of QEMU's command; empty if the restore is into a QEMU that waits.
   *
   * @param key the key that the save must be signed with
   * @throws UsageException if none or more than one is given; shows the saved command if there is
   *     one
   */
  public static List<String> words(
      Arguments arguments, Path file, Optional<SigningKey> key, OptionSpec qmp, OptionSpec same) {
    List<String> command = arguments.qemuCommand();
    long given =
        Stream.of(arguments.has(qmp), arguments.has(same), !command.isEmpty())
            .filter(each -> each)
            .count();
    if (given > 1) {
      throw new UsageException("give only one of -- QEMU-COMMAND, --same and --qmp ADDR");
    }
    if (given == 0) {
      throw new UsageException(
          "give the QEMU to restore into: -- QEMU-COMMAND, --same or --qmp ADDR"
              + saved(file, key));
    }
    if (!arguments.has(same)) {
      return command;
    }
    try (PageStore save = Saves.open(file, key)) {
      return SavedCommand.repeatable(save);
    }
  }

  /** The words of a command as a line to be shown, in which secrets are masked. */
  public static String line(List<String> words) {
    return ShellWords.of(SecretWords.masked(words));
  }

  private static String saved(Path file, Optional<SigningKey> key) {
    try (PageStore save = Saves.open(file, key)) {
      List<String> words = SavedCommand.of(save);
      return words.isEmpty() ? "" : "; the guest was saved from: " + line(words);
    } catch (FixedRamException e) {
      // The file is reported when a command is given.
      return "";
    }
  }
}
