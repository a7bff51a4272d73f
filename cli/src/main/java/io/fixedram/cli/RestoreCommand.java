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
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.DiskText;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.OutputException;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.console.RestoreText;
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.host.CommandStarter;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.cli.input.QemuGiven;
import io.fixedram.key.SigningKey;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreListener;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * {@code fixedram restore}: restores a save into a QEMU.
 *
 * @param file the save
 * @param paused whether the guest stays paused
 * @param start how to start QEMU; empty if it waits already
 */
record RestoreCommand(GuestRestore restore, Path file, boolean paused, Optional<Start> start)
    implements Command {
  private static final String UUID_FORM = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

  private static final OptionSpec VIA =
      OptionSpec.choice(
          "via",
          List.of("auto", "instant", "lazy", "memory", "native", "stream"),
          "the restore mode: instant starts QEMU, from 8.2 on, with a private mapping of a fixed-offset file"
              + " as RAM, so that the guest runs at once; lazy lets the guest run at once and serves"
              + " it the pages of a fixed-offset file as it asks for them; memory writes them to their places"
              + " in the memory of a QEMU on this host, before the guest runs; native has QEMU read a"
              + " mapped-ram file itself, from 9.0 on; stream sends any"
              + " save into any QEMU; auto takes the best that this QEMU and this file allow,"
              + " and says which: memory if all pages can be there within 150 ms, else the first of"
              + " instant, lazy, memory, native and stream that is possible; if QEMU does not start"
              + " with a mapping, it starts the command once more as it is");
  private static final OptionSpec PAUSED =
      OptionSpec.flag("paused", "leave the guest paused instead of letting it run");
  private static final OptionSpec DETACH =
      OptionSpec.flag("detach", "let the QEMU that was started run in the background, and return");
  private static final OptionSpec QMP =
      OptionSpec.value(
          "qmp",
          "ADDR",
          "restore into the QEMU that listens here for QMP: unix:PATH, a bare path, or"
              + " tcp:HOST:PORT");

  private static final OptionSpec VERIFY =
      OptionSpec.flag(
          "verify",
          "check all of FILE first; --via lazy, memory and stream check what they read anyway, but"
              + " instant and native can't. --key-file makes these two do so");

  private static final OptionSpec PID =
      OptionSpec.value(
          "pid",
          "N",
          "id of QEMU's process, if another process created the socket of --qmp; it is checked");

  private static final OptionSpec GENERATION =
      OptionSpec.value(
          "vm-generation-id",
          "new|UUID",
          "set the VM generation id, by which a guest with the device vmgenid detects that it is a"
              + " copy: a new random id, or this one");

  private static final OptionSpec SAME =
      OptionSpec.flag(
          "same",
          "start QEMU by the command that the guest was saved from, which FILE contains; it is shown"
              + " before. Refused if others may have written FILE, if that QEMU is not one of the"
              + " system or of PATH, or if the command can't be repeated");
  private static final OptionSpec FORCE_DISKS =
      OptionSpec.flag(
          "force-disks",
          "restore although a disk of the guest has certainly changed since the save, which"
              + " damages its file systems");

  private static final OptionSpec NEW_OVERLAYS =
      OptionSpec.value(
          "new-overlays",
          "DIR",
          "give the guest a new qcow2 overlay in DIR in place of each disk that it can write to, over"
              + " the image that belongs to FILE, so that FILE can be restored any number of times:"
              + " -drive, -blockdev and -hda and its like are rewritten");

  static final CommandSpec SPEC =
      new CommandSpec(
          "restore",
          "restore a save in a new QEMU or a waiting one",
          List.of(
              "[OPTION]... FILE -- QEMU-COMMAND...",
              "[OPTION]... FILE --same",
              "[OPTION]... FILE --qmp ADDR"),
          List.of(
              "The first form starts QEMU-COMMAND, which describes the same machine that was"
                  + " saved, with '-incoming defer' and a private QMP socket added. It stays in the"
                  + " foreground until QEMU ends. Until it says 'restored', its exit status is one of"
                  + " its own; from then on it ends with QEMU's, which may be the same number. A"
                  + " signal that asks it to end is passed on to QEMU as SIGTERM. -S in QEMU-COMMAND"
                  + " has no effect: --paused leaves the guest stopped. With --output json, QEMU's"
                  + " own output goes to standard error.",
              "With --via instant, which --via auto chooses for large saves if it is possible, the"
                  + " guest runs on a private mapping of FILE: main memory in QEMU-COMMAND becomes a"
                  + " file backend. Guests"
                  + " never write to FILE, and any number of them can run on it; it must stay as it"
                  + " is until they end, and no save takes its name meanwhile.",
              "The third form restores into a QEMU that was started with '-incoming defer'.",
              "With --via lazy the guest runs within milliseconds and this command stays until all"
                  + " of its memory has arrived, since the guest depends on it until then. A first"
                  + " Ctrl-C is therefore refused; a second one stops the guest. The pages that the"
                  + " guest needs first are listed in FILE.hot, to be served first the next time;"
                  + " that file can be deleted at any time. QEMU needs userfaultfd: 'sysctl"
                  + " vm.unprivileged_userfaultfd=1' or access to /dev/userfaultfd. A QEMU that is"
                  + " started in the foreground has SIGINT and SIGHUP blocked until it ends, also if"
                  + " --via auto, which might have taken lazy, takes another mode after all.",
              "Before anything is loaded, QEMU is compared with the manifest of FILE, if it has one: what"
                  + " QEMU can't load, and a disk that has certainly changed, ends the restore; what"
                  + " the guest may fail of is a warning. 'fixedram check' does the same without a"
                  + " restore.",
              "With --new-overlays the guest writes to new images in DIR, which stay when it ends; delete"
                  + " them when nobody needs them. The images below must stay as they are meanwhile.",
              "The guest goes on where it was, whether it ran when it was saved or was paused. If"
                  + " the restore fails, a QEMU that was started here is ended."),
          List.of("FILE"),
          true,
          List.of(
              VIA,
              SAME,
              VERIFY,
              FileOptions.check(),
              FORCE_DISKS,
              NEW_OVERLAYS,
              PAUSED,
              DETACH,
              QMP,
              PID,
              GENERATION),
          List.of(
              CommandSpec.COMMON_EXIT_STATUSES.get(0),
              CommandSpec.COMMON_EXIT_STATUSES.get(1),
              CommandSpec.COMMON_EXIT_STATUSES.get(2),
              CommandSpec.COMMON_EXIT_STATUSES.get(3),
              new CommandSpec.StatusMeaning("130", "interrupted before the guest was back"),
              new CommandSpec.StatusMeaning(
                  "any",
                  "that of the QEMU in the foreground, once 'restored' was said: 128 + n if signal n"
                      + " killed it")),
          List.of(
              new Example(
                  "Bring back a guest that was saved with the same options:",
                  List.of("$ fixedram restore vm.fram -- qemu-system-x86_64 -m 2G disk.img")),
              new Example(
                  "Bring it back in a QEMU that waits for it:",
                  List.of(
                      "$ qemu-system-x86_64 -m 2G disk.img -incoming defer \\",
                      "      -qmp unix:vm.sock,server,nowait &",
                      "$ fixedram restore vm.fram --qmp vm.sock"))));

  /**
   * How to start QEMU.
   *
   * @param detach whether QEMU runs on in the background
   * @param outputAside whether its standard output is kept out of that of this process
   * @param shown the command as a line, if it comes from the save, to be shown before it is run
   */
  record Start(boolean detach, boolean outputAside, Optional<String> shown) {
    private static final Start PLAIN = new Start(false, false);

    /** A start of a command that the user has given. */
    Start(boolean detach, boolean outputAside) {
      this(detach, outputAside, Optional.empty());
    }

    CommandStarter starter() {
      return detach ? CommandStarter.detached(outputAside) : CommandStarter.foreground(outputAside);
    }
  }

  /** Creates the command from its arguments. */
  static RestoreCommand of(Arguments arguments) {
    Path file = FileOperands.file(arguments.operand(0), "FILE");
    Optional<SigningKey> key = FileOptions.key(arguments, FileOptions.check());
    List<String> command = QemuGiven.words(arguments, file, key, QMP, SAME);
    boolean detach = arguments.has(DETACH);
    if (detach && command.isEmpty()) {
      throw new UsageException("--detach goes with -- QEMU-COMMAND, not with --qmp");
    }
    if (arguments.has(GENERATION) && command.isEmpty()) {
      throw new UsageException("--vm-generation-id goes with -- QEMU-COMMAND, not with --qmp");
    }
    if (arguments.has(NEW_OVERLAYS) && command.isEmpty()) {
      throw new UsageException(
          "--new-overlays goes with -- QEMU-COMMAND or --same, not with --qmp");
    }
    if (arguments.has(PID) && !command.isEmpty()) {
      throw new UsageException(
          "--pid can only be used with --qmp: the process of a QEMU that is started here is known");
    }
    GuestRestore restore =
        command.isEmpty()
            ? GuestRestore.of(file, Addresses.qmp(arguments.required(QMP)))
            : GuestRestore.of(file, command);
    Optional<UUID> generationId = generationId(arguments);
    restore = generationId.isPresent() ? restore.generationId(generationId.get()) : restore;
    restore = arguments.has(PID) ? restore.process(arguments.number(PID, 1, 1)) : restore;
    restore = arguments.has(PAUSED) ? restore.paused() : restore;
    restore = arguments.has(VERIFY) ? restore.verified() : restore;
    restore = key.isPresent() ? restore.signedWith(key.get()) : restore;
    restore = arguments.has(FORCE_DISKS) ? restore.acceptChangedDisks() : restore;
    restore =
        arguments.has(NEW_OVERLAYS)
            ? restore.newOverlays(FileOperands.path(arguments.required(NEW_OVERLAYS), "DIR"))
            : restore;
    RestoreMode mode =
        switch (arguments.choice(VIA)) {
          case "instant" -> RestoreMode.INSTANT;
          case "lazy" -> RestoreMode.LAZY;
          case "memory" -> RestoreMode.MEMORY;
          case "native" -> RestoreMode.NATIVE;
          case "stream" -> RestoreMode.STREAM;
          default -> RestoreMode.AUTO;
        };
    return new RestoreCommand(
        restore.mode(mode),
        file,
        arguments.has(PAUSED),
        command.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new Start(
                    detach,
                    arguments.output().json(),
                    Optional.of(QemuGiven.line(command)).filter(_ -> arguments.has(SAME)))));
  }

  private static Optional<UUID> generationId(Arguments arguments) {
    if (!arguments.has(GENERATION)) {
      return Optional.empty();
    }
    String text = arguments.required(GENERATION);
    if (text.equals("new")) {
      return Optional.of(UUID.randomUUID());
    }
    if (!text.matches(UUID_FORM)) {
      throw new UsageException("--vm-generation-id takes 'new' or a UUID, not '" + text + "'");
    }
    return Optional.of(UUID.fromString(text));
  }

  private boolean foreground() {
    return start.filter(how -> !how.detach()).isPresent();
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    start
        .flatMap(Start::shown)
        .ifPresent(line -> console.resultAside("the command of the saved guest: " + line));
    if (foreground()) {
      return restoreAndAttend(console, cancellation);
    }
    // After everything that can fail.
    tell(console, restore(console, cancellation));
    return ExitStatus.DONE;
  }

  private RestoreReport restore(Console console, Cancellation cancellation) {
    ProgressDisplay progress = new ProgressDisplay(console);
    try (CommandStarter starter = start.orElse(Start.PLAIN).starter();
        progress;
        RestoredGuest guest = begin(progress, starter, cancellation)) {
      return guest.awaitResident();
    }
  }

  private int restoreAndAttend(Console console, Cancellation cancellation) {
    ProgressDisplay progress = new ProgressDisplay(console);
    try (CommandStarter starter = start.orElse(Start.PLAIN).starter();
        progress;
        RestoredGuest guest = begin(progress, starter, cancellation)) {
      RestoreReport report = guest.awaitResident();
      progress.close();
      tellOrWarn(console, report);
      return attend(guest, cancellation);
    }
  }

  private RestoredGuest begin(
      ProgressDisplay progress, CommandStarter starter, Cancellation cancellation) {
    return (start.isPresent() ? restore.starter(starter) : restore)
        .listener(listener(progress, starter))
        .cancellation(cancellation)
        .run();
  }

  /** Shows notes and warnings, and the effect of the mode on signals. */
  static RestoreListener listener(ProgressDisplay progress, CommandStarter starter) {
    return RestoreListener.of(progress, mode -> starter.tellOfSignals(mode, progress));
  }

  /** Waits until QEMU ends; a cancellation terminates QEMU. */
  private static int attend(RestoredGuest guest, Cancellation cancellation) {
    try (Cancellation.Registration _ = cancellation.onCancel(guest::terminate)) {
      return guest.waitForExit();
    }
  }

  /** Prints the result. If that fails, only warns, since the guest runs. */
  private void tellOrWarn(Console console, RestoreReport report) {
    try {
      tell(console, report);
    } catch (OutputException e) {
      console.warning("the guest in " + file + " is restored, though " + e.sentence());
    }
  }

  private void tell(Console console, RestoreReport report) {
    String summary =
        new RestoreText(file, paused).summary(report) + SignatureText.clause(report.signature());
    console.done("the guest of " + file + " is back and " + guest(report));
    if (foreground()) {
      // Standard output is QEMU's.
      console.resultAside(summary);
    } else {
      console.resultLine(summary);
    }
    console.json(json -> {
      json.writeStringProperty("via", report.mode().text());
      json.writeStringProperty("why", report.why());
      json.writeStringProperty("file", file.toString());
      json.writeNumberProperty("ram_bytes", report.ramBytes());
      json.writeNumberProperty("page_bytes", report.pageBytes());
      JsonObject.seconds(json, "seconds", report.seconds());
      JsonObject.seconds(json, "downtime_seconds", report.downtimeSeconds());
      JsonObject.seconds(json, "running_seconds", report.runningSeconds());
      JsonObject.seconds(json, "since_waiting_seconds", report.sinceWaitingSeconds());
      report.serving().ifPresent(serving -> RestoreText.serving(json, serving));
      json.writeStringProperty("guest", guest(report));
      json.writeBooleanProperty("verified", report.verified());
      SignatureText.write(json, report.signature());
      DiskText.states(json, report.disks());
      DiskText.overlays(json, report.overlays());
    });
  }

  private static String guest(RestoreReport report) {
    if (report.serving().filter(serving -> serving.residentSeconds().isEmpty()).isPresent()) {
      return "ended";
    }
    return report.guest();
  }
}
