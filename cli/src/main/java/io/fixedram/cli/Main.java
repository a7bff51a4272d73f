// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.ArgumentParser;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.HelpText;
import io.fixedram.cli.args.MisreadWords;
import io.fixedram.cli.args.NearestName;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.OutputOptions;
import io.fixedram.cli.console.OutputOptions.Progress;
import io.fixedram.cli.console.Terminal;
import io.fixedram.cli.host.Interruption;
import java.util.List;
import java.util.Optional;

/** The fixedram command. */
public final class Main {
  private Main() {}

  /** Runs the command and ends the process with its exit status. */
  public static void main(String[] args) {
    Cancellation cancellation = new Cancellation();
    Terminal terminal = Terminal.ofProcess(cancellation);
    Interruption interruption =
        new Interruption(
            cancellation,
            ExitStatus.INTERRUPTED,
            () -> plain(terminal).warning("still putting everything back; please wait"));
    List<String> words = List.of(args);
    Optional<String> misread = MisreadWords.refusal(words);
    if (misread.isPresent()) {
      plain(terminal).failure(misread.get());
      interruption.exit(ExitStatus.USAGE);
      return;
    }
    interruption.exit(run(words, terminal, cancellation));
  }

  /**
   * Runs a command.
   *
   * @param words the command line
   * @return the exit status
   */
  // All failures are reported as one sentence, so everything is caught here.
  @SuppressWarnings("CatchThrowable")
  static int run(List<String> words, Terminal terminal, Cancellation cancellation) {
    Console console = plain(terminal);
    String context = "";
    try {
      if (words.isEmpty()) {
        console.failure("give a command; 'fixedram --help' lists them");
        return ExitStatus.USAGE;
      }
      String name = words.getFirst();
      if (!Commands.NAMES.contains(name)) {
        console.print(withoutCommand(name));
        return ExitStatus.DONE;
      }
      context = name + ": ";
      CommandSpec spec = Commands.spec(name);
      Optional<Arguments> arguments = ArgumentParser.parse(spec, words.subList(1, words.size()));
      if (arguments.isEmpty()) {
        console.print(HelpText.of(spec));
        return ExitStatus.DONE;
      }
      OutputOptions output = arguments.get().output();
      Command command = Commands.command(name, arguments.get());
      console = new Console(terminal, output);
      return command.run(console, cancellation);
    } catch (UsageException e) {
      console.failure(context + e.getMessage());
      return ExitStatus.USAGE;
    } catch (Throwable e) {
      return Failures.tell(e, console);
    }
  }

  private static Console plain(Terminal terminal) {
    return new Console(terminal, new OutputOptions(false, Progress.NEVER, false, false));
  }

  /** Output for a command line that does not begin with a command. */
  private static String withoutCommand(String word) {
    return switch (word) {
      case "--help", "-h" -> HelpText.overview(Commands.listed());
      case "--version" -> Version.text();
      default -> {
        if (word.startsWith("-")) {
          throw new UsageException(
              "the command comes first, then its options; 'fixedram --help' lists them");
        }
        Optional<String> nearest = NearestName.of(word, Commands.NAMES);
        throw new UsageException(
            "there is no command '"
                + word
                + (nearest.isPresent()
                    ? "'; did you mean '" + nearest.get() + "'?"
                    : "'; 'fixedram --help' lists them"));
      }
    };
  }
}
