// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.key.SigningKey;
import io.fixedram.verify.SealReport;
import io.fixedram.verify.Sealing;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** {@code fixedram seal}: adds checksums to a save that has none. */
record SealCommand(Path file, Optional<SigningKey> key) implements Command {
  static final CommandSpec SPEC =
      new CommandSpec(
          "seal",
          "add checksums to a save that has none",
          List.of("[OPTION]... FILE"),
          List.of(
              "Adds fingerprints of all pages and checksums of everything else to a mapped-ram or"
                  + " fixed-ram file of QEMU or of an earlier fixedram, so that damage from then on is"
                  + " found. FILE is changed in place: all is added at its end, and a mark in an unused"
                  + " place before the pages of each block. QEMU loads it as before. Until all is on"
                  + " disk, FILE stays what it was, whatever happens.",
              "New files of fixedram are sealed already. A file that guests run on is refused. With"
                  + " --key-file the checksums are cryptographic, and FILE is signed; a file that is"
                  + " sealed already is signed by 'fixedram convert --key-file'."),
          List.of("FILE"),
          false,
          List.of(FileOptions.sign()),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(new Example("Seal a file of QEMU:", List.of("$ fixedram seal qemu.fram"))));

  /** Creates the command from its arguments. */
  static SealCommand of(Arguments arguments) {
    return new SealCommand(
        FileOperands.file(arguments.operand(0), "FILE"),
        FileOptions.key(arguments, FileOptions.sign()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    long start = System.nanoTime();
    int threads = Runtime.getRuntime().availableProcessors();
    SealReport report = Sealing.run(file, threads, key, cancellation);
    double seconds = Amounts.secondsBetween(start, System.nanoTime());
    console.done(file + (key.isPresent() ? " is sealed and signed" : " is sealed"));
    console.resultLine(
        (key.isPresent() ? "sealed and signed " : "sealed ")
            + file
            + ": save "
            + report.seal().id()
            + ", fingerprints of "
            + Amounts.bytes(report.ramBytes())
            + " RAM in "
            + (report.blocks() == 1 ? "1 block" : report.blocks() + " blocks")
            + ", "
            + Amounts.bytes(report.addedBytes())
            + " added, in "
            + Amounts.seconds(seconds));
    console.json(json -> {
      json.writeStringProperty("file", file.toString());
      json.writeStringProperty("id", report.seal().id().toString());
      json.writeStringProperty("writer", report.seal().writer());
      json.writeBooleanProperty("signed", report.seal().signed());
      json.writeNumberProperty("blocks", report.blocks());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("added_bytes", report.addedBytes());
      JsonObject.seconds(json, "seconds", seconds);
    });
    return ExitStatus.DONE;
  }
}
