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
import io.fixedram.cli.console.Table;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.device.DeviceReader;
import io.fixedram.inspect.device.X86Registers;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;

/**
 * {@code fixedram analyze}: shows the state of a guest's devices.
 *
 * @param view what is shown
 * @param glob pattern for the names of the devices; empty for all
 */
public record AnalyzeCommand(Subject subject, View view, Optional<String> glob) implements Command {
  private static final OptionSpec DEVICE =
      OptionSpec.value(
          "device", "GLOB", "show only devices whose name matches: * stands for any characters");
  private static final OptionSpec LIST =
      OptionSpec.flag("list", "show names, versions and lengths only");
  private static final OptionSpec REGISTERS =
      OptionSpec.flag("registers", "show the registers of the processors (x86)");

  /** The options and operands. */
  public static final CommandSpec SPEC =
      new CommandSpec(
          "analyze",
          "show the state of a guest's devices, as JSON",
          List.of("[OPTION]... FILE", "[OPTION]... --qmp ADDR"),
          List.of(
              "Decodes the device state by the description that QEMU adds to a save, and prints it"
                  + " as JSON in the form of QEMU's analyze-migration.py: one member for each device,"
                  + " named after it, with the number of its section. FILE may have any format,"
                  + " mapped-ram too.",
              "Saves in place have no description of fields, unless they were made with --describe,"
                  + " nor has a guest that runs: of these, only processors of x86 are decoded, as far"
                  + " as their registers, and the length of each other device is shown."),
          List.of("[FILE]"),
          false,
          Stream.concat(Stream.of(DEVICE, LIST, REGISTERS), Subject.OPTIONS.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "The state of the network devices of a save:",
                  List.of("$ fixedram analyze vm.fram --device '*virtio-net*'")),
              new Example(
                  "Where the processors of a guest that runs are:",
                  List.of("$ fixedram analyze --qmp /run/vm.qmp --registers"))));

  /** What is shown of the devices. */
  enum View {
    STATE,
    LIST,
    REGISTERS
  }

  /** Creates the command from its arguments. */
  public static AnalyzeCommand of(Arguments arguments) {
    arguments.refuseTogether(LIST, REGISTERS);
    arguments.refuseTogether(DEVICE, REGISTERS);
    View view =
        arguments.has(LIST) ? View.LIST : arguments.has(REGISTERS) ? View.REGISTERS : View.STATE;
    return new AnalyzeCommand(Subject.parse(arguments).subject(), view, arguments.value(DEVICE));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    try (Inspection guest = subject.open(console, cancellation)) {
      DeviceReader devices = cancellation.await(guest::devices);
      switch (view) {
        case STATE -> state(console, guest, devices);
        case LIST -> list(console, devices);
        case REGISTERS -> registers(console, guest);
      }
    }
    return ExitStatus.DONE;
  }

  private Predicate<String> wanted() {
    return glob.map(Glob::of).orElse(_ -> true);
  }

  private void state(Console console, Inspection guest, DeviceReader devices) {
    if (devices.knowledge() != DeviceReader.Knowledge.FIELDS) {
      console.warning(
          "the device state has no description of its fields, so that only processors of x86 are"
              + " decoded; a save with --describe, or by --via stream, has one");
    }
    console.document(json -> {
      if (glob.isEmpty()) {
        ram(json, guest);
      }
      devices.forEach(device -> {
        if (wanted().test(device.name())) {
          DeviceJson.write(json, device);
        }
      });
    });
  }

  private static void ram(JsonGenerator json, Inspection guest) {
    json.writeObjectPropertyStart("ram (" + guest.memory().header().ramSectionId() + ")");
    json.writeObjectPropertyStart("section sizes");
    for (RamBlock block : guest.memory().header().blocks().list()) {
      json.writeStringProperty(block.name(), "0x%016x".formatted(block.usedLength()));
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void list(Console console, DeviceReader devices) {
    boolean searched = devices.knowledge() == DeviceReader.Knowledge.SEARCHED;
    if (searched) {
      console.warning("there is no description: names and lengths are found by a search");
    }
    Table table = new Table();
    table.row("section", "device", "instance", "version", "bytes");
    devices.forEach(device -> {
      if (wanted().test(device.name())) {
        table.row(
            Integer.toUnsignedString(device.section()),
            device.name(),
            Integer.toUnsignedString(device.instance()),
            Integer.toUnsignedString(device.version()),
            Long.toString(device.bytes()));
      }
    });
    console.result(table.text(""));
    console.json(json -> {
      json.writeBooleanProperty("guessed", searched);
      json.writeArrayPropertyStart("devices");
      devices.forEach(device -> {
        if (wanted().test(device.name())) {
          json.writeStartObject();
          json.writeNumberProperty("section", Integer.toUnsignedLong(device.section()));
          json.writeStringProperty("name", device.name());
          json.writeNumberProperty("instance", Integer.toUnsignedLong(device.instance()));
          json.writeNumberProperty("version", Integer.toUnsignedLong(device.version()));
          json.writeNumberProperty("bytes", device.bytes());
          json.writeEndObject();
        }
      });
      json.writeEndArray();
    });
  }

  private static void registers(Console console, Inspection guest) {
    List<X86Registers> processors = guest.processors();
    if (processors.isEmpty()) {
      throw new FixedRamException(
          guest.memory().name() + " has no registers of an x86 processor that can be read");
    }
    processors.forEach(each -> console.result(RegistersText.of(each)));
    console.json(json -> RegistersText.write(json, processors));
  }
}
