// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.inspect.AnalyzeCommand;
import io.fixedram.cli.inspect.DiffCommand;
import io.fixedram.cli.inspect.ExportCommand;
import io.fixedram.cli.inspect.ExtractCommand;
import io.fixedram.cli.inspect.FindCommand;
import io.fixedram.cli.inspect.ReadCommand;
import java.util.List;

/**
 * The list of commands. Each is accessed separately, so that running a command does not load the
 * classes of others.
 */
final class Commands {
  /** Names of the commands, in the order of the help. */
  static final List<String> NAMES =
      List.of(
          "demo", "save", "restore", "receive", "send", "convert", "info", "verify", "seal",
          "check", "analyze", "diff", "read", "extract", "export", "find", "bench");

  private Commands() {}

  /** Specifications of all commands, for the list of commands. */
  static List<CommandSpec> listed() {
    return NAMES.stream()
        .map(name -> name.equals("bench") ? BenchSupport.LISTED : spec(name))
        .toList();
  }

  /**
   * The specification of a command.
   *
   * @throws io.fixedram.cli.args.UsageException if it is not part of this installation
   */
  static CommandSpec spec(String name) {
    return switch (name) {
      case "demo" -> DemoCommand.SPEC;
      case "save" -> SaveCommand.SPEC;
      case "restore" -> RestoreCommand.SPEC;
      case "receive" -> ReceiveCommand.SPEC;
      case "send" -> SendCommand.SPEC;
      case "convert" -> ConvertCommand.SPEC;
      case "info" -> InfoCommand.SPEC;
      case "verify" -> VerifyCommand.SPEC;
      case "seal" -> SealCommand.SPEC;
      case "check" -> CheckCommand.SPEC;
      case "analyze" -> AnalyzeCommand.SPEC;
      case "diff" -> DiffCommand.SPEC;
      case "read" -> ReadCommand.SPEC;
      case "extract" -> ExtractCommand.SPEC;
      case "export" -> ExportCommand.SPEC;
      case "find" -> FindCommand.SPEC;
      case "bench" -> BenchSupport.load().spec();
      default -> throw new IllegalArgumentException(name);
    };
  }

  /**
   * A command with its arguments.
   *
   * @throws io.fixedram.cli.args.UsageException if the arguments are inconsistent
   */
  static Command command(String name, Arguments arguments) {
    return switch (name) {
      case "demo" -> DemoCommand.of(arguments);
      case "save" -> SaveCommand.of(arguments);
      case "restore" -> RestoreCommand.of(arguments);
      case "receive" -> ReceiveCommand.of(arguments);
      case "send" -> SendCommand.of(arguments);
      case "convert" -> ConvertCommand.of(arguments);
      case "info" -> InfoCommand.of(arguments);
      case "verify" -> VerifyCommand.of(arguments);
      case "seal" -> SealCommand.of(arguments);
      case "check" -> CheckCommand.of(arguments);
      case "analyze" -> AnalyzeCommand.of(arguments);
      case "diff" -> DiffCommand.of(arguments);
      case "read" -> ReadCommand.of(arguments);
      case "extract" -> ExtractCommand.of(arguments);
      case "export" -> ExportCommand.of(arguments);
      case "find" -> FindCommand.of(arguments);
      case "bench" -> BenchSupport.load().command(arguments);
      default -> throw new IllegalArgumentException(name);
    };
  }
}
