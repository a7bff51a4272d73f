// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.export.ImageFile;
import io.fixedram.inspect.export.ImageLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code fixedram extract}: writes the content of a RAM block to a file.
 *
 * @param block name of the block
 * @param target the new file
 */
public record ExtractCommand(Subject subject, String block, Path target) implements Command {
  private static final OptionSpec OUTPUT = OutputFile.option("the file to write");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "extract",
          "write one RAM block to a file, raw and sparse",
          List.of("[OPTION]... FILE BLOCK -o OUT", "[OPTION]... --qmp ADDR BLOCK -o OUT"),
          List.of(
              "Writes the bytes of a RAM block, with holes where they are zero. 'fixedram info' lists"
                  + " the blocks. The new file has mode 0600: it is as secret as the guest."),
          List.of("[FILE]", "[BLOCK]"),
          false,
          Stream.concat(Stream.of(OUTPUT), Subject.OPTIONS.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "The memory of the graphics card:",
                  List.of("$ fixedram extract vm.fram vga.vram -o vram.bin"))));

  /** Creates the command from its arguments. */
  public static ExtractCommand of(Arguments arguments) {
    Subject.Parsed parsed = Subject.parse(arguments, "BLOCK");
    return new ExtractCommand(
        parsed.subject(),
        parsed.rest().getFirst(),
        FileOperands.file(arguments.required(OUTPUT), "-o"));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection guest = subject.open(console, cancellation)) {
      RamBlock found = Blocks.find(guest, block);
      ImageFile.write(guest.memory(), ImageLayout.ofBlock(found), target, cancellation);
      OutputFile.tell(console, target, found.usedLength());
    }
    return ExitStatus.DONE;
  }
}
