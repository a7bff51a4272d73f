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
import io.fixedram.cli.console.Printable;
import io.fixedram.cli.console.Table;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.device.DeviceDifference;
import io.fixedram.inspect.diff.BlockDifference;
import io.fixedram.inspect.diff.DifferenceSink;
import io.fixedram.inspect.diff.MemoryDifference;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * {@code fixedram diff}: shows what differs between two guests.
 *
 * @param view what is compared
 */
public record DiffCommand(Subject a, Subject b, View view) implements Command {
  private static final OptionSpec RANGES =
      OptionSpec.flag("ranges", "show each range that differs");
  private static final OptionSpec DEVICES =
      OptionSpec.flag("devices", "compare the state of the devices instead of the memory");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "diff",
          "show what differs between two saves, or a save and a guest",
          List.of("[OPTION]... A B"),
          List.of(
              "Compares the memory of A and B page by page: changed, only in A (zero in B), only in"
                  + " B. Each may be a save of any format, or qmp:ADDR, the guest that runs there."
                  + " --devices compares the fields of the devices, where both have a description.",
              "The exit status is 0 whether something differs or not."),
          List.of("A", "B"),
          false,
          Stream.concat(Stream.of(RANGES, DEVICES), Stream.of(Subject.STOP, Subject.PID)).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "What has a guest changed since it was saved?",
                  List.of("$ fixedram diff vm.fram qmp:/run/vm.qmp --stop"))));

  /** What is compared. */
  enum View {
    TOTALS,
    RANGES,
    DEVICES
  }

  /** Creates the command from its arguments. */
  public static DiffCommand of(Arguments arguments) {
    arguments.refuseTogether(RANGES, DEVICES);
    View view =
        arguments.has(RANGES) ? View.RANGES : arguments.has(DEVICES) ? View.DEVICES : View.TOTALS;
    return new DiffCommand(
        Subject.either(arguments, arguments.operand(0)),
        Subject.either(arguments, arguments.operand(1)),
        view);
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection inA = a.open(console, cancellation);
        Inspection inB = b.open(console, cancellation)) {
      if (view == View.DEVICES) {
        devices(
            console, cancellation.await(() -> DeviceDifference.of(inA.devices(), inB.devices())));
      } else {
        memory(console, cancellation, inA, inB);
      }
    }
    return ExitStatus.DONE;
  }

  private static void devices(Console console, List<DeviceDifference> differences) {
    differences.forEach(each ->
        console.result(
            Printable.line(each.device())
                + ": "
                + Printable.line(each.path())
                + " "
                + each.valueA().map(DeviceJson::text).orElse("-")
                + " -> "
                + each.valueB().map(DeviceJson::text).orElse("-")
                + "\n"));
    console.json(json -> {
      json.writeArrayPropertyStart("devices");
      for (DeviceDifference each : differences) {
        json.writeStartObject();
        json.writeStringProperty("device", each.device());
        json.writeStringProperty("field", each.path());
        each.valueA().ifPresent(value -> json.writeStringProperty("a", DeviceJson.text(value)));
        each.valueB().ifPresent(value -> json.writeStringProperty("b", DeviceJson.text(value)));
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  private void memory(Console console, Cancellation cancellation, Inspection inA, Inspection inB) {
    DifferenceSink sink =
        (block, difference, offset, bytes) -> {
          cancellation.throwIfCancelled();
          if (view == View.RANGES) {
            console.result(
                "%s 0x%x %d %s\n"
                    .formatted(
                        Printable.line(block),
                        offset,
                        bytes,
                        difference.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
          }
        };
    List<BlockDifference> blocks =
        new MemoryDifference(inA.memory(), inB.memory()).compare(cancellation, sink);
    if (view == View.TOTALS) {
      console.result(text(blocks));
    }
    console.json(json -> {
      json.writeNumberProperty("page_size", inA.memory().header().blocks().targetPageSize());
      json.writeArrayPropertyStart("blocks");
      for (BlockDifference each : blocks) {
        json.writeStartObject();
        json.writeStringProperty("name", each.name());
        json.writeNumberProperty("changed", each.changed());
        json.writeNumberProperty("only_a", each.onlyA());
        json.writeNumberProperty("only_b", each.onlyB());
        json.writeNumberProperty("bytes_a", each.bytesA());
        json.writeNumberProperty("bytes_b", each.bytesB());
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  private static String text(List<BlockDifference> blocks) {
    List<BlockDifference> different = blocks.stream().filter(each -> !each.isSame()).toList();
    if (different.isEmpty()) {
      return "no difference\n";
    }
    Table table = new Table();
    table.row("block", "changed", "only in A", "only in B", "pages");
    for (BlockDifference each : different) {
      table.row(
          Printable.line(each.name()),
          Long.toString(each.changed()),
          Long.toString(each.onlyA()),
          Long.toString(each.onlyB()),
          lengths(each));
    }
    return table.text("");
  }

  private static String lengths(BlockDifference each) {
    return each.bytesA() == each.bytesB()
        ? ""
        : "of " + each.bytesA() + " bytes in A and " + each.bytesB() + " in B";
  }
}
