// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.DiskText;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.console.RemedyText;
import io.fixedram.cli.host.CommandStarter;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.error.Reason;
import io.fixedram.key.SigningKey;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.restore.CheckReport;
import io.fixedram.qemu.restore.RestoreCheck;
import io.fixedram.qemu.restore.RestoreListener;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/**
 * {@code fixedram check}: says whether a save could be restored by a QEMU command.
 *
 * @param file the save
 * @param command the words of the QEMU command
 * @param key the key that the save must be signed with
 */
record CheckCommand(Path file, List<String> command, Optional<SigningKey> key) implements Command {
  static final CommandSpec SPEC =
      new CommandSpec(
          "check",
          "tell whether a save can be restored by a QEMU command",
          List.of("[OPTION]... FILE -- QEMU-COMMAND..."),
          List.of(
              "Starts QEMU-COMMAND without its sockets, monitors, windows, log files and network"
                  + " scripts, asks it about its machine, and ends it. Nothing is loaded, and nothing is"
                  + " written to its disks, so that this is possible while the guest still runs."
                  + " Compares machine type and properties, CPU model, features and number, RAM"
                  + " blocks, memory map, devices and disks with the manifest of FILE, and says what"
                  + " to change in QEMU-COMMAND. A file without a manifest, such as one written by"
                  + " QEMU, has only its RAM blocks, its machine type and some PCI addresses to"
                  + " compare.",
              "The exit status is 0 if the guest can be restored, also if it would find devices that it"
                  + " did not have, or if nothing proves that its disks have the same content."),
          List.of("FILE"),
          true,
          List.of(FileOptions.check()),
          List.of(
              CommandSpec.COMMON_EXIT_STATUSES.get(0),
              new CommandSpec.StatusMeaning(
                  "1", "the save does not fit, which is said, or QEMU does not start"),
              CommandSpec.COMMON_EXIT_STATUSES.get(2),
              CommandSpec.COMMON_EXIT_STATUSES.get(3),
              CommandSpec.COMMON_EXIT_STATUSES.get(4)),
          List.of(
              new Example(
                  "See whether a changed command still fits a save:",
                  List.of("$ fixedram check vm.fram -- qemu-system-x86_64 -m 2G disk.img"))));

  /** Creates the command from its arguments. */
  static CheckCommand of(Arguments arguments) {
    if (arguments.qemuCommand().isEmpty()) {
      throw new UsageException("give the QEMU command to check: -- QEMU-COMMAND");
    }
    return new CheckCommand(
        FileOperands.file(arguments.operand(0), "FILE"),
        arguments.qemuCommand(),
        FileOptions.key(arguments, FileOptions.check()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    CheckReport report;
    try (ProgressDisplay progress = new ProgressDisplay(console);
        CommandStarter starter = CommandStarter.detached(true)) {
      report =
          RestoreCheck.of(() -> Saves.open(file, key), command)
              .starter(starter)
              .run(RestoreListener.of(progress), cancellation);
    }
    console.result(text(report));
    console.json(json -> write(json, report));
    return report.fits() ? ExitStatus.DONE : ExitStatus.FAILED;
  }

  private String text(CheckReport report) {
    StringBuilder text = new StringBuilder();
    text.append(file).append(report.fits() ? " fits " : " does not fit ").append(report.qemu());
    text.append(report.compared() ? "\n" : ", as far as is known: the file has no manifest\n");
    report.obstacle().ifPresent(why -> line(text, "not possible", RemedyText.sentence(why)));
    for (GuestDifference difference : report.differences()) {
      line(text, effect(difference), difference.sentence());
    }
    for (DiskState disk : report.disks()) {
      line(
          text,
          "disk " + disk.disk().file(),
          DiskText.state(disk) + DiskText.why(disk).map(": "::concat).orElse(""));
    }
    for (RestoreMode mode : modes(report)) {
      line(
          text,
          "restore --via " + mode.text(),
          reason(report, mode).map(RemedyText::sentence).map("no: "::concat).orElse("possible"));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String about, String what) {
    text.append("  ").append(about).append(": ").append(what).append('\n');
  }

  private static List<RestoreMode> modes(CheckReport report) {
    return report.modes().keySet().stream().sorted().toList();
  }

  private static Optional<Reason> reason(CheckReport report, RestoreMode mode) {
    return report.modes().getOrDefault(mode, Optional.empty());
  }

  private static String effect(GuestDifference difference) {
    return switch (difference.effect()) {
      case NOT_LOADABLE -> "not possible";
      case GUEST_MAY_FAIL -> "the guest may fail";
      case GUEST_MAY_NOTICE -> "the guest may notice";
    };
  }

  private void write(JsonGenerator json, CheckReport report) {
    json.writeBooleanProperty("fits", report.fits());
    json.writeStringProperty("file", file.toString());
    json.writeStringProperty("qemu", report.qemu().toString());
    json.writeBooleanProperty("compared", report.compared());
    report
        .obstacle()
        .ifPresent(why -> json.writeStringProperty("obstacle", RemedyText.sentence(why)));
    json.writeArrayPropertyStart("differences");
    for (GuestDifference difference : report.differences()) {
      json.writeStartObject();
      json.writeStringProperty("kind", difference.getClass().getSimpleName());
      json.writeStringProperty("effect", difference.effect().name().toLowerCase(Locale.ROOT));
      json.writeStringProperty("what", difference.sentence());
      json.writeEndObject();
    }
    json.writeEndArray();
    DiskText.states(json, report.disks());
    json.writeArrayPropertyStart("modes");
    for (RestoreMode mode : modes(report)) {
      json.writeStartObject();
      json.writeStringProperty("mode", mode.text());
      Optional<Reason> reason = reason(report, mode);
      json.writeBooleanProperty("possible", reason.isEmpty());
      reason.ifPresent(why -> json.writeStringProperty("why", RemedyText.sentence(why)));
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
