// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.verify.SealReport;
import io.fixedram.verify.Sealing;
import java.nio.file.Path;
import java.util.List;

/** {@code fixedram seal}: adds checksums to a save that has none. */
record SealCommand(Path file) implements Command {
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
              "New files of fixedram are sealed already. A file that guests run on is refused."),
          List.of("FILE"),
          false,
          List.of(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(new Example("Seal a file of QEMU:", List.of("$ fixedram seal qemu.fram"))));

  /** Creates the command from its arguments. */
  static SealCommand of(Arguments arguments) {
    return new SealCommand(FileOptions.file(arguments.operand(0), "FILE"));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    long start = System.nanoTime();
    int threads = Runtime.getRuntime().availableProcessors();
    SealReport report = Sealing.run(file, threads, cancellation);
    double seconds = Amounts.secondsBetween(start, System.nanoTime());
    console.done(file + " is sealed");
    console.resultLine(
        "sealed "
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
      json.writeNumberProperty("blocks", report.blocks());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("added_bytes", report.addedBytes());
      JsonObject.seconds(json, "seconds", seconds);
    });
    return ExitStatus.DONE;
  }
}
