// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.stream.ReceiveReport;
import io.fixedram.qemu.stream.StreamReceive;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code fixedram receive}: receives a migration stream into a file.
 *
 * @param listen the address to listen on; empty for standard input
 */
record ReceiveCommand(Optional<Endpoint> listen, Path file, SaveFormat format, WriteOptions options)
    implements Command {
  private static final OptionSpec LISTEN =
      OptionSpec.value(
          "listen",
          "ADDR",
          "address on which to wait for the stream: unix:PATH, tcp:HOST:PORT, or - for standard"
              + " input; must be given");
  private static final OptionSpec FORMAT =
      OptionSpec.choice(
          "format",
          List.of(FileOptions.MAPPED_RAM, FileOptions.FIXED_RAM, FileOptions.STREAM),
          "the layout: mapped-ram is QEMU's own since 9.0, fixed-ram that of the 2022 proposal,"
              + " stream stays a stream");

  static final CommandSpec SPEC =
      new CommandSpec(
          "receive",
          "receive a migration stream of QEMU into a file",
          List.of("--listen ADDR [OPTION]... FILE"),
          List.of(
              "Waits for one connection, over which any QEMU may migrate, and turns the stream into"
                  + " a save. For a QEMU that 'fixedram save' cannot reach, or a migration that"
                  + " something else controls. FILE appears when it is complete and on disk."),
          List.of("FILE"),
          false,
          Stream.concat(Stream.of(LISTEN, FORMAT), FileOptions.ALL.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "Wait for a guest, then migrate it from QEMU's monitor:",
                  List.of(
                      "$ fixedram receive vm.fram --listen unix:in.sock",
                      "(qemu) migrate unix:in.sock")),
              new Example(
                  "Turn a stream that was kept compressed into a save:",
                  List.of("$ zstdcat vm.stream.zst | fixedram receive vm.fram --listen -"))));

  /** Creates the command from its arguments. */
  static ReceiveCommand of(Arguments arguments) {
    SaveFormat format = FileOptions.format(arguments, FORMAT);
    return new ReceiveCommand(
        Addresses.orStandardStream("--listen", arguments.required(LISTEN)),
        FileOperands.file(arguments.operand(0), "FILE"),
        format,
        FileOptions.read(arguments, format));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    ReceiveReport report;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      report =
          listen.isPresent()
              ? StreamReceive.run(listen.get(), file, format, options, progress, cancellation)
              : StreamReceive.run(
                  console.terminal().inChannel(),
                  ConversionSource.STANDARD_INPUT,
                  file,
                  format,
                  options,
                  progress,
                  cancellation);
    }
    PageCacheNote.tell(console, report.whyCached());
    console.done(report.file() + " is complete");
    console.resultLine(
        "received "
            + report.file()
            + ": "
            + Amounts.bytes(report.ramBytes())
            + " RAM, "
            + Amounts.bytes(report.pageBytes())
            + " data, "
            + Amounts.bytes(report.diskBytes())
            + " on disk, in "
            + Amounts.seconds(report.seconds())
            + (options.key().isPresent() ? ", signed" : ""));
    console.json(json -> {
      json.writeStringProperty("format", report.format().text());
      json.writeStringProperty("file", report.file().toString());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("page_bytes", report.pageBytes());
      json.writeNumberProperty("file_bytes", report.fileBytes());
      json.writeNumberProperty("disk_bytes", report.diskBytes());
      json.writeNumberProperty("received_bytes", report.receivedBytes());
      json.writeBooleanProperty("signed", options.key().isPresent());
      JsonObject.seconds(json, "seconds", report.seconds());
    });
    return ExitStatus.DONE;
  }
}
