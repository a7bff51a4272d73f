// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.find.BytePattern;
import io.fixedram.inspect.find.LiteralPattern;
import io.fixedram.inspect.find.MemorySearch;
import io.fixedram.inspect.find.RegexPattern;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/**
 * {@code fixedram find}: searches a guest's memory.
 *
 * @param context bytes to show before and behind each hit
 * @param limit maximum number of hits
 */
public record FindCommand(Subject subject, BytePattern pattern, int context, long limit)
    implements Command {
  private static final int MAX_CONTEXT = 4096;

  private static final OptionSpec HEX =
      OptionSpec.value("hex", "BYTES", "find bytes, given as hexadecimal digits, instead of TEXT");
  private static final OptionSpec REGEX =
      OptionSpec.value(
          "regex",
          "EXPRESSION",
          "find what a regular expression of Java matches, instead of TEXT; each byte is a character"
              + " of ISO 8859-1, and a match has at most 4096");
  private static final OptionSpec CONTEXT =
      OptionSpec.value("context", "N", "show N bytes before and behind each hit too");
  private static final OptionSpec LIMIT =
      OptionSpec.value("limit", "N", "stop after N hits (default: none)");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "find",
          "search a guest's memory",
          List.of(
              "[OPTION]... FILE TEXT",
              "[OPTION]... FILE --hex BYTES",
              "[OPTION]... FILE --regex EXPRESSION",
              "[OPTION]... --qmp ADDR TEXT"),
          List.of(
              "Shows each place where TEXT, in UTF-8, is in the memory of a save or a guest: RAM block"
                  + " and offset, guest-physical address, and offset in the file. What crosses the end"
                  + " of a page is found too, where the pages follow each other by guest-physical"
                  + " addresses; contiguous virtual addresses are not followed.",
              "The exit status is 0 whether something was found or not; the output tells."),
          List.of("[FILE]", "[TEXT]"),
          false,
          Stream.concat(Stream.of(HEX, REGEX, CONTEXT, LIMIT), Subject.OPTIONS.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "Where is the command line of the guest's kernel?",
                  List.of("$ fixedram find vm.fram BOOT_IMAGE= --context 64"))));

  /** Creates the command from its arguments. */
  public static FindCommand of(Arguments arguments) {
    arguments.refuseTogether(HEX, REGEX);
    int context = arguments.number(CONTEXT, 0, 0);
    if (context > MAX_CONTEXT) {
      throw new UsageException("--context takes at most " + MAX_CONTEXT);
    }
    long limit = arguments.has(LIMIT) ? arguments.number(LIMIT, 1, 1) : Long.MAX_VALUE;
    if (arguments.has(HEX) || arguments.has(REGEX)) {
      return new FindCommand(
          Subject.parse(arguments).subject(), special(arguments), context, limit);
    }
    Subject.Parsed parsed = Subject.parse(arguments, "TEXT");
    return new FindCommand(
        parsed.subject(),
        new LiteralPattern(parsed.rest().getFirst().getBytes(StandardCharsets.UTF_8)),
        context,
        limit);
  }

  private static BytePattern special(Arguments arguments) {
    try {
      return arguments.has(HEX)
          ? new LiteralPattern(HexFormat.of().parseHex(arguments.required(HEX).replace(" ", "")))
          : new RegexPattern(arguments.required(REGEX));
    } catch (PatternSyntaxException e) {
      throw new UsageException("--regex: " + e.getDescription());
    } catch (IllegalArgumentException e) {
      throw new UsageException("--hex takes pairs of hexadecimal digits");
    }
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection guest = subject.open(console, cancellation)) {
      HitOutput output = new HitOutput(console, guest, context);
      long[] left = {limit};
      new MemorySearch(guest.memory(), guest.findMap(), pattern, context)
          .run(
              cancellation,
              hit -> {
                output.show(hit);
                left[0]--;
                return left[0] > 0;
              });
      output.end();
    }
    return ExitStatus.DONE;
  }
}
