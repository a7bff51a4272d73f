// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.DiskText;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code fixedram save}: saves a running guest into a file.
 *
 * @param tellsMode whether it reports the save mode, because none was given
 */
record SaveCommand(GuestSave save, boolean tellsMode) implements Command {
  private static final OptionSpec QMP =
      OptionSpec.value(
          "qmp",
          "ADDR",
          "where QEMU listens for QMP: unix:PATH, a bare path, or tcp:HOST:PORT; must be given");
  private static final OptionSpec STOP =
      OptionSpec.flag("stop", "pause the guest first, instead of saving it while it runs");
  private static final OptionSpec VIA =
      OptionSpec.choice(
          "via",
          List.of("auto", "memory", "stream"),
          "how RAM is read: memory reads it in place, in the memory of a QEMU on this host, which"
              + " does not migrate; stream has QEMU send it; auto chooses memory if that is possible"
              + " within --max-downtime, else stream, and reports which and why");
  private static final OptionSpec MAX_DOWNTIME =
      OptionSpec.value(
          "max-downtime",
          "T",
          "maximum downtime of a guest that is saved while it runs, such as 300ms or 1.5s: memory"
              + " is refused if it would take longer; in a stream it is QEMU's downtime limit. If not"
              + " given, auto takes 1s for a guest that runs on after the save, and no limit for"
              + " others");
  private static final OptionSpec DESCRIBE =
      OptionSpec.flag(
          "describe",
          "keep QEMU's description of the device state, from which its fields can be decoded; only"
              + " a stream has it, which auto then chooses");
  private static final OptionSpec PID =
      OptionSpec.value(
          "pid",
          "N",
          "id of QEMU's process, if another process created its QMP socket; it is checked");
  private static final OptionSpec THEN =
      OptionSpec.choice(
          "then",
          List.of("pause", "resume", "quit"),
          "the guest after the save: it stays paused, it runs on, or QEMU ends");
  private static final OptionSpec FORMAT =
      OptionSpec.choice(
          "format",
          List.of(FileOptions.MAPPED_RAM, FileOptions.FIXED_RAM),
          "the layout: mapped-ram is QEMU's own since 9.0, fixed-ram that of the 2022 proposal");
  private static final OptionSpec MAX_PASSES =
      OptionSpec.value(
          "max-passes",
          "N",
          Integer.toString(GuestSave.DEFAULT_MAX_PASSES),
          "pause the guest after this many passes over its RAM if it still dirties it faster than"
              + " it is saved; 0 for no limit");
  private static final OptionSpec BUDGET =
      OptionSpec.value(
          "budget",
          "SIZE",
          "maximum memory for copies of changed pages in a live save by memory, so that the guest"
              + " runs on before they are written: a number and K, M, G or T; with 0 it waits for"
              + " the disk. A quarter of this host's memory if not given, and never more than half of"
              + " what is free");

  private static final OptionSpec DISK_SNAPSHOT =
      OptionSpec.flag(
          "disk-snapshot",
          "take a snapshot of all disks that the guest can write to, while it is stopped for the"
              + " save: from then on it writes to new qcow2 overlays over its images, which stay as"
              + " they are and belong to FILE. A save that fails after that leaves the guest on the"
              + " overlays, and tells how to undo it");
  private static final OptionSpec OVERLAY_DIR =
      OptionSpec.value(
          "overlay-dir",
          "DIR",
          "directory of the overlays of --disk-snapshot; that of each image if not given");
  private static final OptionSpec OVERLAY_NAME =
      OptionSpec.value(
          "overlay-name",
          "NAME",
          "{disk}.{n}.qcow2",
          "name of the overlays of --disk-snapshot: {disk} is the name of the image without its type,"
              + " {n} the first number that is free");

  static final CommandSpec SPEC =
      new CommandSpec(
          "save",
          "save a running guest into a file",
          List.of("--qmp ADDR [OPTION]... FILE"),
          List.of(
              "Saves RAM and devices of the guest of a running QEMU, 4.0 or later, into FILE. The"
                  + " guest runs on while its RAM is read, and is paused for the last moment only."
                  + " Every page has its place in FILE, which is no larger than the guest's RAM,"
                  + " however often the guest writes to it; zero pages are holes.",
              "With --then pause the guest is left in the state postmigrate after a save by stream,"
                  + " and in the state paused after one by memory: use --via stream if something"
                  + " relies on either. A save by memory has no description of its device state"
                  + " (--describe).",
              "FILE appears when it is complete and on disk, with mode 0600; an earlier save of"
                  + " that name stays until then. If the save fails or is interrupted, the guest"
                  + " goes on as before, QEMU's migration settings are put back, and nothing is"
                  + " left behind.",
              "Disks are not part of FILE. A guest that runs on changes them, and FILE then fits them no"
                  + " longer: --disk-snapshot keeps them as they were, and 'fixedram restore"
                  + " --new-overlays' restores over them any number of times."),
          List.of("FILE"),
          false,
          Stream.concat(
                  Stream.of(
                      QMP,
                      VIA,
                      STOP,
                      MAX_DOWNTIME,
                      BUDGET,
                      MAX_PASSES,
                      DESCRIBE,
                      PID,
                      THEN,
                      DISK_SNAPSHOT,
                      OVERLAY_DIR,
                      OVERLAY_NAME,
                      FORMAT),
                  FileOptions.ALL.stream())
              .toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "Save a guest and let it run on:",
                  List.of(
                      "$ qemu-system-x86_64 -m 2G disk.img -qmp unix:vm.sock,server,nowait &",
                      "$ fixedram save --qmp vm.sock vm.fram --then resume")),
              new Example(
                  "Keep its disks of that moment too, and bring both back later:",
                  List.of(
                      "$ fixedram save --qmp vm.sock vm.fram --then resume --disk-snapshot",
                      "$ fixedram restore vm.fram --same --new-overlays /var/tmp"))));

  /** Creates the command from its arguments. */
  static SaveCommand of(Arguments arguments) {
    arguments.refuseTogether(STOP, MAX_DOWNTIME);
    if (!arguments.has(DISK_SNAPSHOT)
        && (arguments.has(OVERLAY_DIR) || arguments.has(OVERLAY_NAME))) {
      throw new UsageException("--overlay-dir and --overlay-name go with --disk-snapshot");
    }
    SaveFormat format = FileOptions.format(arguments, FORMAT);
    SaveMode mode =
        switch (arguments.choice(VIA)) {
          case "memory" -> SaveMode.MEMORY;
          case "stream" -> SaveMode.STREAM;
          default -> SaveMode.AUTO;
        };
    AfterSave then =
        switch (arguments.choice(THEN)) {
          case "resume" -> AfterSave.RESUME;
          case "quit" -> AfterSave.QUIT;
          default -> AfterSave.PAUSE;
        };
    GuestSave save =
        GuestSave.of(
                Addresses.qmp(arguments.required(QMP)),
                FileOperands.file(arguments.operand(0), "FILE"))
            .mode(mode)
            .format(format)
            .then(then)
            .options(FileOptions.read(arguments, format))
            .maxPasses(arguments.number(MAX_PASSES, 0, GuestSave.DEFAULT_MAX_PASSES));
    OptionalLong budget = arguments.bytes(BUDGET);
    save = budget.isPresent() ? save.asideBytes(budget.getAsLong()) : save;
    if (arguments.has(PID)) {
      save = save.process(arguments.number(PID, 1, 1));
    }
    save = arguments.has(DESCRIBE) ? save.described() : save;
    Optional<Duration> maxDowntime = arguments.time(MAX_DOWNTIME);
    if (maxDowntime.isPresent()) {
      save = save.maxDowntime(maxDowntime.get());
    }
    save = arguments.has(DISK_SNAPSHOT) ? withSnapshot(save, arguments) : save;
    return new SaveCommand(arguments.has(STOP) ? save.stopFirst() : save, mode == SaveMode.AUTO);
  }

  private static GuestSave withSnapshot(GuestSave save, Arguments arguments) {
    Optional<Path> directory =
        arguments.value(OVERLAY_DIR).map(text -> FileOperands.path(text, "DIR").toAbsolutePath());
    Optional<String> name = arguments.value(OVERLAY_NAME);
    try {
      return name.isPresent()
          ? save.diskSnapshot(directory, name.get())
          : save.diskSnapshot(directory);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--overlay-name: " + e.getMessage());
    }
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    SaveReport report;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      report = save.listener(progress).cancellation(cancellation).run();
    }
    PageCacheNote.tell(console, report.whyCached());
    if (report.liveUnderTcg()) {
      console.warning(
          "QEMU emulates this guest (TCG), whose dirty log can miss writes, so that the save may"
              + " have stale pages: use --via memory or --stop");
    }
    if (tellsMode) {
      console.resultAside("fixedram: saved via " + report.mode().text() + ": " + report.why());
    }
    console.done(report.file() + " is complete, and " + guestNow(report));
    console.resultLine(summary(report));
    console.json(json -> {
      json.writeStringProperty("via", report.mode().text());
      json.writeStringProperty("why", report.why());
      json.writeStringProperty("format", report.format().text());
      json.writeStringProperty("file", report.file().toString());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("page_bytes", report.pageBytes());
      json.writeNumberProperty("file_bytes", report.fileBytes());
      json.writeNumberProperty("disk_bytes", report.diskBytes());
      json.writeNumberProperty("received_bytes", report.receivedBytes());
      JsonObject.seconds(json, "seconds", report.seconds());
      JsonObject.seconds(json, "downtime_seconds", report.downtimeSeconds());
      if (report.predictedDowntimeSeconds().isPresent()) {
        JsonObject.seconds(
            json, "downtime_predicted_seconds", report.predictedDowntimeSeconds().getAsDouble());
      }
      json.writeBooleanProperty("resumed_before_durable", report.resumedBeforeDurable());
      json.writeNumberProperty("passes", report.passes());
      json.writeBooleanProperty("live_under_tcg", report.liveUnderTcg());
      json.writeBooleanProperty("described", report.described());
      json.writeBooleanProperty("signed", report.signed());
      json.writeBooleanProperty("disks_locked", report.disksLocked());
      DiskText.overlays(json, report.overlays());
      json.writeStringProperty("guest", guest(report.then()));
    });
    return ExitStatus.DONE;
  }

  private static String guest(AfterSave then) {
    return switch (then) {
      case PAUSE -> "paused";
      case RESUME -> "resumed";
      case QUIT -> "quit";
    };
  }

  /** Summary of the save for humans. */
  static String summary(SaveReport report) {
    return "saved "
        + report.file()
        + ": "
        + Amounts.bytes(report.ramBytes())
        + " RAM, "
        + Amounts.bytes(report.pageBytes())
        + " data, "
        + Amounts.bytes(report.diskBytes())
        + " on disk, in "
        + Amounts.seconds(report.seconds())
        + (report.signed() ? ", signed; " : "; ")
        + guestNow(report)
        + report.overlays().stream()
            .map(each ->
                "; its disk " + each.image() + " has the overlay " + each.overlay() + " now")
            .collect(Collectors.joining());
  }

  private static String predicted(SaveReport report) {
    OptionalDouble seconds = report.predictedDowntimeSeconds();
    return seconds.isPresent() ? ", predicted " + Amounts.seconds(seconds.getAsDouble()) : "";
  }

  private static String guestNow(SaveReport report) {
    String stopped =
        report.downtimeSeconds() > 0
            ? " (it was stopped for "
                + Amounts.seconds(report.downtimeSeconds())
                + predicted(report)
                + ")"
            : "";
    return switch (report.then()) {
      case PAUSE ->
          report.disksLocked()
              ? "the guest is paused, and its QEMU keeps its disks from others"
              : "the guest is paused";
      case RESUME -> "the guest runs on" + stopped;
      case QUIT -> "QEMU has ended";
    };
  }
}
