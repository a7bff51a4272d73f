// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.address.PageTables;
import io.fixedram.inspect.address.PhysicalMemory;
import io.fixedram.inspect.block.BlockReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * {@code fixedram read}: shows bytes of a guest's memory.
 *
 * @param place where the bytes are
 * @param raw whether they are written as they are
 */
public record ReadCommand(Subject subject, Place place, long bytes, boolean raw)
    implements Command {
  private static final int PIECE_BYTES = 64 << 10;

  /** More than that is for extract or a pipe of raw bytes: JSON is one object in memory. */
  private static final long MAX_JSON_BYTES = 4 << 20;

  private static final OptionSpec GPA =
      OptionSpec.value("gpa", "ADDRESS", "guest-physical address of the first byte");
  private static final OptionSpec VIRTUAL =
      OptionSpec.value(
          "virtual",
          "ADDRESS",
          "virtual address of the first byte, in the address space that a processor of x86-64 used"
              + " last");
  private static final OptionSpec CPU =
      OptionSpec.value("cpu", "N", "the processor of --virtual (default: 0)");
  private static final OptionSpec BLOCK =
      OptionSpec.value("block", "NAME", "read from a RAM block instead, at --offset");
  private static final OptionSpec OFFSET =
      OptionSpec.value("offset", "N", "offset of the first byte in --block (default: 0)");
  private static final OptionSpec LENGTH =
      OptionSpec.value("length", "SIZE", "number of bytes (default: 256)");
  private static final OptionSpec RAW =
      OptionSpec.flag("raw", "write the bytes as they are, for other programs");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "read",
          "show bytes of a guest's memory",
          List.of(
              "[OPTION]... FILE --gpa ADDRESS",
              "[OPTION]... FILE --virtual ADDRESS [--cpu N]",
              "[OPTION]... FILE --block NAME [--offset N]",
              "[OPTION]... --qmp ADDR --gpa ADDRESS"),
          List.of(
              "Shows bytes of a save, or of a guest that runs, in hexadecimal. Addresses are"
                  + " hexadecimal with 0x in front, or decimal.",
              "Guest-physical addresses need the guest's memory map: from the manifest of the save,"
                  + " from QEMU, or, for usual machines of types pc and q35, derived from their size."),
          List.of("[FILE]"),
          false,
          Stream.concat(
                  Stream.of(GPA, VIRTUAL, CPU, BLOCK, OFFSET, LENGTH, RAW),
                  Subject.OPTIONS.stream())
              .toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "The tables of the firmware:",
                  List.of("$ fixedram read vm.fram --gpa 0xf0000 --length 64K"))));

  /** Where the bytes are. */
  sealed interface Place {
    /** Guest-physical. */
    record Physical(long address) implements Place {}

    /** Virtual, as a processor translates it. */
    record Virtual(long address, int processor) implements Place {}

    /** In a RAM block. */
    record InBlock(String block, long address) implements Place {}

    /** The address, or the offset. */
    long address();
  }

  /** Creates the command from its arguments. */
  public static ReadCommand of(Arguments arguments) {
    if (Stream.of(GPA, VIRTUAL, BLOCK).filter(arguments::has).count() != 1) {
      throw new UsageException("give one of --gpa, --virtual and --block");
    }
    if (arguments.has(CPU) && !arguments.has(VIRTUAL)) {
      throw new UsageException("--cpu goes with --virtual");
    }
    if (arguments.has(OFFSET) && !arguments.has(BLOCK)) {
      throw new UsageException("--offset goes with --block");
    }
    if (arguments.has(RAW) && arguments.output().json()) {
      throw new UsageException("--raw and --output json cannot be used together");
    }
    OptionalLong physical = GuestNumbers.address(arguments, GPA);
    OptionalLong virtual = GuestNumbers.address(arguments, VIRTUAL);
    Place place =
        physical.isPresent()
            ? new Place.Physical(physical.getAsLong())
            : virtual.isPresent()
                ? new Place.Virtual(virtual.getAsLong(), arguments.number(CPU, 0, 0))
                : new Place.InBlock(
                    arguments.required(BLOCK), GuestNumbers.address(arguments, OFFSET).orElse(0));
    long bytes = arguments.bytes(LENGTH).orElse(256);
    if (arguments.output().json() && bytes > MAX_JSON_BYTES) {
      throw new UsageException("--output json shows at most 4M; use --raw");
    }
    return new ReadCommand(Subject.parse(arguments).subject(), place, bytes, arguments.has(RAW));
  }

  /** Reads bytes at an address. */
  @FunctionalInterface
  private interface Source {
    void read(long address, MemorySegment into);
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection guest = subject.open(console, cancellation);
        BlockReader reader = new BlockReader(guest.memory());
        Arena arena = Arena.ofConfined()) {
      Source source = source(guest, reader);
      MemorySegment piece = arena.allocate(PIECE_BYTES);
      StringBuilder digits = new StringBuilder();
      for (long done = 0; done < bytes; ) {
        cancellation.throwIfCancelled();
        int count = (int) Math.min(bytes - done, PIECE_BYTES);
        source.read(place.address() + done, piece.asSlice(0, count));
        byte[] read = piece.asSlice(0, count).toArray(JAVA_BYTE);
        show(console, place.address() + done, read, digits);
        done += count;
      }
      console.json(json -> {
        json.writeStringProperty("address", "0x%x".formatted(place.address()));
        json.writeNumberProperty("length", bytes);
        json.writeStringProperty("bytes", digits.toString());
      });
    }
    return ExitStatus.DONE;
  }

  private void show(Console console, long address, byte[] read, StringBuilder digits) {
    if (raw) {
      console.bytes(read);
    } else {
      console.result(HexDump.of(address, read));
      if (bytes <= MAX_JSON_BYTES) {
        digits.append(HexFormat.of().formatHex(read));
      }
    }
  }

  private Source source(Inspection guest, BlockReader reader) {
    return switch (place) {
      case Place.Physical _ -> {
        PhysicalMemory memory = guest.physical(reader);
        yield memory::read;
      }
      case Place.Virtual virtual -> {
        PageTables tables = guest.virtual(reader, virtual.processor());
        yield tables::read;
      }
      case Place.InBlock block -> {
        RamBlock found = Blocks.find(guest, block.block());
        yield (offset, into) -> {
          if (offset < 0 || into.byteSize() > found.usedLength() - offset) {
            throw new FixedRamException(
                "RAM block %s of %s has %d bytes, none at offset %s"
                    .formatted(
                        found,
                        guest.memory().name(),
                        found.usedLength(),
                        Long.toUnsignedString(Math.max(offset, found.usedLength()))));
          }
          reader.read(found, offset, into);
        };
      }
    };
  }
}
