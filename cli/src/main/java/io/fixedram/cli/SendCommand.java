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
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveSeal;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.stream.SendReport;
import io.fixedram.qemu.stream.StreamSend;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code fixedram send}: sends a save to a QEMU that waits for it.
 *
 * @param connect the address of that QEMU; empty for standard output
 */
record SendCommand(Path file, Optional<Endpoint> connect, Optional<SigningKey> key)
    implements Command {
  private static final OptionSpec CONNECT =
      OptionSpec.value(
          "connect",
          "ADDR",
          "address to send the stream to: unix:PATH, tcp:HOST:PORT, or - for standard output; must"
              + " be given");

  static final CommandSpec SPEC =
      new CommandSpec(
          "send",
          "send a save to a QEMU that waits for a migration",
          List.of("--connect ADDR [OPTION]... FILE"),
          List.of(
              "Sends a save of any format as an ordinary migration stream, which any QEMU with the"
                  + " same machine accepts at the address of its -incoming option."),
          List.of("FILE"),
          false,
          List.of(CONNECT, FileOptions.check()),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "Send a save to a QEMU on another host:",
                  List.of(
                      "other$ qemu-system-x86_64 -m 2G disk.img -incoming tcp:0.0.0.0:4444",
                      "$ fixedram send vm.fram --connect tcp:other:4444"))));

  /** Creates the command from its arguments. */
  static SendCommand of(Arguments arguments) {
    Optional<Endpoint> connect =
        Addresses.orStandardStream("--connect", arguments.required(CONNECT));
    if (connect.isEmpty()) {
      StandardOutput.reserve(arguments, "--connect -");
    }
    return new SendCommand(
        FileOperands.file(arguments.operand(0), "FILE"),
        connect,
        FileOptions.key(arguments, FileOptions.check()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    if (connect.isEmpty()) {
      StandardOutput.refuseTerminal(console);
    }
    SendReport report;
    SaveSeal.Signature signature;
    try (PageStore save = Saves.open(file, key);
        ProgressDisplay progress = new ProgressDisplay(console)) {
      signature = SignatureText.of(save.seal());
      report =
          connect.isPresent()
              ? StreamSend.run(save, connect.get(), progress, cancellation)
              : StreamSend.run(
                  save,
                  console.terminal().outChannel(),
                  StandardOutput.NAME,
                  progress,
                  cancellation);
    }
    String summary =
        "sent "
            + report.save()
            + ": "
            + Amounts.bytes(report.ramBytes())
            + " RAM, "
            + Amounts.bytes(report.pageBytes())
            + " data, in "
            + Amounts.seconds(report.seconds())
            + SignatureText.clause(signature);
    if (connect.isEmpty()) {
      console.resultAside(summary);
    } else {
      console.done(report.save() + " was sent completely");
      console.resultLine(summary);
    }
    console.json(json -> {
      json.writeStringProperty("file", report.save());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("page_bytes", report.pageBytes());
      SignatureText.write(json, signature);
      JsonObject.seconds(json, "seconds", report.seconds());
    });
    return ExitStatus.DONE;
  }
}
