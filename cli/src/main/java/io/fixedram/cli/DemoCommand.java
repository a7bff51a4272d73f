// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.demo.Demo;
import io.fixedram.cli.demo.DemoAct;
import io.fixedram.cli.demo.DemoSettings;
import io.fixedram.cli.demo.ServedDemo;
import io.fixedram.cli.input.Addresses;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** {@code fixedram demo}: saves and restores its own guests and compares them. */
record DemoCommand(long ramBytes, MigrationOptions migration, Optional<Path> serve)
    implements Command {
  private static final int MIN_RAM_MIB = 16;
  private static final int DEFAULT_RAM_MIB = 256;
  private static final OptionSpec RAM =
      OptionSpec.value(
          "ram",
          "MIB",
          Integer.toString(DEFAULT_RAM_MIB),
          "RAM of the guest inside this process in MiB; twice as much memory is used, and many"
              + " times as much disk");
  private static final OptionSpec SERVE =
      OptionSpec.value(
          "serve",
          "ADDR",
          "only create the guest, and let QMP clients stop, start and migrate it through this"
              + " unix socket (unix:PATH, or a bare path); migration settings are QEMU's defaults"
              + " unless --capability and --parameter change them; ends on the QMP command quit, or"
              + " Ctrl-C");

  static final CommandSpec SPEC =
      new CommandSpec(
          "demo",
          "save and restore a guest, with nothing else installed",
          List.of("[OPTION]...", "--serve ADDR [OPTION]..."),
          List.of(
              "Creates a guest inside this process that keeps writing to its memory, and saves it"
                  + " meanwhile: once as a sequential stream, as every QEMU can, and once with a fixed"
                  + " place for each page. Loads both saves again and compares every byte.",
              "Where qemu-system-x86_64 is installed it then boots a virtual machine, saves it"
                  + " live, and restores it in a new QEMU; the guest itself checks that its memory"
                  + " is right. Takes less than a minute, and leaves nothing behind."),
          List.of(),
          false,
          List.of(RAM, MigrationOptions.ALL.get(0), MigrationOptions.ALL.get(1), SERVE),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example("Run the demo:", List.of("$ fixedram demo")),
              new Example(
                  "Run it with a guest of 1 GiB and twice as many passes:",
                  List.of("$ fixedram demo --ram 1024 --parameter x-max-passes=20")),
              new Example(
                  "Migrate the guest inside this process as if it were a QEMU:",
                  List.of(
                      "$ fixedram demo --serve demo.sock &",
                      "$ fixedram save --qmp demo.sock --then quit demo.fram"))));

  /** Creates the command from its arguments. */
  static DemoCommand of(Arguments arguments) {
    return new DemoCommand(
        (long) arguments.number(RAM, MIN_RAM_MIB, DEFAULT_RAM_MIB) << 20,
        MigrationOptions.read(arguments),
        arguments.value(SERVE).map(address -> Addresses.unix("--serve", address)));
  }

  private DemoSettings settings(DemoSettings defaults) {
    return new DemoSettings(
        defaults.ramBytes(),
        migration.applyTo(defaults.capabilities()),
        migration.applyTo(defaults.parameters()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    if (serve.isPresent()) {
      return serve(serve.get(), console, cancellation);
    }
    DemoSettings settings = settings(DemoSettings.defaults(ramBytes));
    List<DemoAct> acts;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      Consumer<String> lines =
          line -> {
            // The transfer is over when a line is printed.
            progress.pause();
            console.result(line + "\n");
          };
      acts = Demo.run(settings, lines, progress, cancellation);
    }
    console.json(json -> {
      json.writeArrayPropertyStart("acts");
      for (DemoAct act : acts) {
        json.writeStartObject();
        json.writeStringProperty("guest", act.guest());
        json.writeBooleanProperty("identical", act.identical());
        json.writeNumberProperty("ram_bytes", act.ramBytes());
        json.writeNumberProperty("passes", act.passes());
        json.writeNumberProperty("written_bytes", act.writtenBytes());
        json.writeNumberProperty("file_bytes", act.fileBytes());
        json.writeNumberProperty("disk_bytes", act.diskBytes());
        JsonObject.seconds(json, "save_seconds", act.saveSeconds());
        JsonObject.seconds(json, "downtime_seconds", act.downtimeSeconds());
        JsonObject.seconds(json, "restore_seconds", act.restoreSeconds());
        json.writeEndObject();
      }
      json.writeEndArray();
    });
    return acts.stream().allMatch(DemoAct::identical) ? ExitStatus.DONE : ExitStatus.FAILED;
  }

  private int serve(Path socket, Console console, Cancellation cancellation) {
    ServedDemo.run(
        settings(DemoSettings.served(ramBytes)),
        socket,
        () -> console.resultLine("a guest is served at " + socket),
        cancellation);
    console.json(json -> json.writeStringProperty("socket", socket.toString()));
    return ExitStatus.DONE;
  }
}
