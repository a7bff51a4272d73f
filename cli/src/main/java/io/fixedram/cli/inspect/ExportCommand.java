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
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.address.MemoryMap;
import io.fixedram.inspect.block.BlockReader;
import io.fixedram.inspect.device.X86Registers;
import io.fixedram.inspect.export.ElfCore;
import io.fixedram.inspect.export.GuestNote;
import io.fixedram.inspect.export.ImageFile;
import io.fixedram.inspect.export.ImageLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code fixedram export}: writes a guest's memory in a format of other tools.
 *
 * @param format the format
 * @param target the new file
 */
public record ExportCommand(Subject subject, Format format, Path target) implements Command {
  private static final OptionSpec TO =
      OptionSpec.requiredChoice(
          "to",
          List.of("elf", "raw", "lime"),
          "elf: a core file, for gdb, crash, drgn; raw: each byte at the position of its"
              + " guest-physical address; lime: for Volatility");
  private static final OptionSpec OUTPUT = OutputFile.option("the file to write");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "export",
          "write a guest's memory in a format of other tools",
          List.of(
              "[OPTION]... FILE --to FORMAT -o OUT", "[OPTION]... --qmp ADDR --to FORMAT -o OUT"),
          List.of(
              "Writes all memory of the guest by guest-physical addresses, with holes where it is"
                  + " zero. A core file has a segment for each range of addresses and notes with the"
                  + " registers of the processors, like a file of QEMU's dump-guest-memory; those of"
                  + " x86 only.",
              "The memory map is that of the save's manifest or of QEMU, or, for usual machines of"
                  + " types pc and q35, derived from their size, with a warning. The new file has mode"
                  + " 0600: it is as secret as the guest."),
          List.of("[FILE]"),
          false,
          Stream.concat(Stream.of(TO, OUTPUT), Subject.OPTIONS.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "A core file for gdb:",
                  List.of("$ fixedram export vm.fram --to elf -o vm.core"))));

  /** A format of memory images. */
  enum Format {
    ELF,
    RAW,
    LIME
  }

  /** Creates the command from its arguments. */
  public static ExportCommand of(Arguments arguments) {
    Format format =
        switch (arguments.choice(TO)) {
          case "raw" -> Format.RAW;
          case "lime" -> Format.LIME;
          default -> Format.ELF;
        };
    return new ExportCommand(
        Subject.parse(arguments).subject(),
        format,
        FileOperands.file(arguments.required(OUTPUT), "-o"));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection guest = subject.open(console, cancellation)) {
      MemoryMap map = guest.map();
      if (map.origin() == MemoryMap.Origin.DERIVED) {
        console.warning(
            "the memory map is derived from the machine's type and size; plugged memory, or other"
                + " than usual settings, would make it wrong");
      }
      ImageLayout layout =
          switch (format) {
            case ELF -> elf(console, guest, map);
            case RAW -> ImageLayout.raw(map);
            case LIME -> ImageLayout.lime(map);
          };
      ImageFile.write(guest.memory(), layout, target, cancellation);
      OutputFile.tell(console, target, layout.sizeBytes());
    }
    return ExitStatus.DONE;
  }

  private static ImageLayout elf(Console console, Inspection guest, MemoryMap map) {
    List<X86Registers> processors = guest.processors();
    if (processors.isEmpty()) {
      console.warning("no registers of x86 processors are known, so that the core file has none");
    }
    try (BlockReader reader = new BlockReader(guest.memory())) {
      MemorySegment note =
          guest
              .device(GuestNote.DEVICE)
              .map(device -> GuestNote.read(device, guest.physical(reader)))
              .orElse(MemorySegment.ofArray(new byte[0]));
      return ElfCore.layout(map, processors, note);
    }
  }
}
