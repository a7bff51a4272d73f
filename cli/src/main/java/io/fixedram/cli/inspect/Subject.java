// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.inspect.Inspection;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.view.GuestView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** What a command looks into: a save, or the guest of a running QEMU. */
sealed interface Subject {
  /** Name of the operand. */
  String FILE = "FILE";

  /** Begins an operand that is a QMP socket. */
  String QMP_PREFIX = "qmp:";

  OptionSpec QMP =
      OptionSpec.value(
          "qmp",
          "ADDR",
          "look into the guest that runs there, instead of FILE: unix:PATH, a path, or"
              + " tcp:HOST:PORT of QEMU's QMP socket");
  OptionSpec STOP =
      OptionSpec.flag(
          "stop",
          "stop a guest that runs while it is looked into; without it, what is shown may mix"
              + " moments");
  OptionSpec PID =
      OptionSpec.value("pid", "PID", "the process of QEMU, if it can't be told by the QMP socket");

  /** Options of all commands that look into something. */
  List<OptionSpec> OPTIONS = List.of(QMP, STOP, PID);

  /** Opens it. */
  Inspection open(Console console, Cancellation cancellation);

  /** A save. */
  record OfFile(Path file) implements Subject {
    @Override
    public Inspection open(Console console, Cancellation cancellation) {
      return Inspection.open(file);
    }
  }

  /**
   * A guest that runs.
   *
   * @param process id of QEMU's process
   * @param stop whether it is to be stopped meanwhile
   */
  record OfGuest(Endpoint qmp, OptionalInt process, boolean stop) implements Subject {
    @Override
    public Inspection open(Console console, Cancellation cancellation) {
      GuestView guest =
          GuestView.open(
              qmp,
              process,
              cancellation,
              new TransferListener() {
                @Override
                public void warning(String sentence) {
                  console.warning(sentence);
                }
              });
      try {
        if (stop) {
          guest.hold();
        } else if (!guest.isStill()) {
          console.warning(
              "the guest runs meanwhile, so that what is shown may mix moments; --stop holds it");
        }
      } catch (RuntimeException | Error e) {
        guest.close();
        throw e;
      }
      return Inspection.of(guest);
    }
  }

  /** A subject and the operands that are left for the command. */
  record Parsed(Subject subject, List<String> rest) {
    /** Keeps a copy of the list. */
    public Parsed {
      rest = List.copyOf(rest);
    }
  }

  /**
   * Parses the operands of a command.
   *
   * @param names names of the operands behind the subject
   */
  static Parsed parse(Arguments arguments, String... names) {
    List<String> words = new ArrayList<>(arguments.operands());
    if (arguments.has(QMP)) {
      return new Parsed(guest(arguments, arguments.required(QMP)), rest(words, names));
    }
    if (words.isEmpty()) {
      throw new UsageException("FILE is missing");
    }
    Subject subject = of(arguments, words.removeFirst());
    return new Parsed(subject, rest(words, names));
  }

  /** One of two subjects, which both may be a guest. */
  static Subject either(Arguments arguments, String word) {
    return word.startsWith(QMP_PREFIX)
        ? guest(arguments, word.substring(QMP_PREFIX.length()))
        : new OfFile(FileOperands.file(word, FILE));
  }

  /** The subject that an operand names. */
  static Subject of(Arguments arguments, String word) {
    if (word.startsWith(QMP_PREFIX)) {
      return guest(arguments, word.substring(QMP_PREFIX.length()));
    }
    if (arguments.has(STOP) || arguments.has(PID)) {
      throw new UsageException("--stop and --pid go with --qmp");
    }
    return new OfFile(FileOperands.file(word, FILE));
  }

  private static Subject guest(Arguments arguments, String address) {
    int pid = arguments.number(PID, 1, 0);
    return new OfGuest(
        Addresses.qmp(address),
        pid == 0 ? OptionalInt.empty() : OptionalInt.of(pid),
        arguments.has(STOP));
  }

  private static List<String> rest(List<String> words, String... names) {
    if (words.size() < names.length) {
      throw new UsageException(names[words.size()] + " is missing");
    }
    if (words.size() > names.length) {
      throw new UsageException("'" + words.get(names.length) + "' is unexpected");
    }
    return words;
  }
}
