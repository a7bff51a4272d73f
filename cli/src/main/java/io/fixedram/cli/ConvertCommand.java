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
import io.fixedram.cli.console.DamageText;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.input.Addresses;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.stream.Conversion;
import io.fixedram.store.SalvagedSave;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code fixedram convert}: converts a save to another format.
 *
 * @param source the file to read; empty for standard input
 * @param target the file to write; empty for standard output
 * @param sourceKey key that the source must be signed with; empty if it need not be signed
 * @param salvage whether the source may be damaged
 */
record ConvertCommand(
    Optional<Path> source,
    Optional<SigningKey> sourceKey,
    Optional<Path> target,
    SaveFormat format,
    WriteOptions options,
    boolean salvage)
    implements Command {
  private static final OptionSpec SOURCE_KEY =
      OptionSpec.value(
          "source-key-file",
          "KEY",
          "accept SOURCE only if it is signed with the key in this file; without it, a signed SOURCE"
              + " must be signed with that of --key-file, if there is one");

  private static final OptionSpec SALVAGE =
      OptionSpec.flag(
          "salvage",
          "take the good pages of a damaged SOURCE: lost ones become zeros, and are listed; the exit"
              + " status is 3 if there are any");
  private static final OptionSpec TO =
      OptionSpec.requiredChoice(
          "to",
          List.of(FileOptions.MAPPED_RAM, FileOptions.FIXED_RAM, FileOptions.STREAM),
          "the format of TARGET; must be given");

  static final CommandSpec SPEC =
      new CommandSpec(
          "convert",
          "convert a save to another format",
          List.of("--to FORMAT [OPTION]... SOURCE TARGET"),
          List.of(
              "Reads SOURCE in any format and writes the same guest to TARGET. Nothing is lost: a"
                  + " stream that was converted to mapped-ram and back restores the same guest. TARGET"
                  + " appears when it is complete and on disk; an earlier file of that name stays until"
                  + " then.",
              "With --salvage, SOURCE may be damaged, if it is a sealed file whose footer, header and"
                  + " device state are whole. Pages that are lost are zeros in TARGET, so that a guest"
                  + " restored from it may fail at any time; what is listed tells which memory to"
                  + " doubt. TARGET can't be signed by the same command.",
              "SOURCE may be - for a stream on standard input; TARGET may be - for a stream on"
                  + " standard output."),
          List.of("SOURCE", "TARGET"),
          false,
          Stream.concat(Stream.of(TO, SALVAGE, SOURCE_KEY), FileOptions.ALL.stream()).toList(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(
              new Example(
                  "Keep a save as a compressed stream, and make a save of it again:",
                  List.of(
                      "$ fixedram convert vm.fram - --to stream | zstd > vm.zst",
                      "$ zstdcat vm.zst | fixedram convert - vm.fram --to mapped-ram"))));

  /** Creates the command from its arguments. */
  static ConvertCommand of(Arguments arguments) {
    SaveFormat format = FileOptions.format(arguments, TO);
    Optional<Path> source = operand(arguments.operand(0), "SOURCE");
    Optional<Path> target = operand(arguments.operand(1), "TARGET");
    if (target.isEmpty()) {
      if (format != SaveFormat.STREAM) {
        throw new UsageException(
            "only a stream can go to standard output: give --to stream, or a file as TARGET");
      }
      StandardOutput.reserve(arguments, "TARGET -");
    }
    if (source.isEmpty() && arguments.has(SOURCE_KEY)) {
      throw new UsageException(
          "--source-key-file cannot be used with a stream, which has no signature");
    }
    boolean salvage = arguments.has(SALVAGE);
    arguments.refuseTogether(SALVAGE, SOURCE_KEY);
    arguments.refuseTogether(SALVAGE, FileOptions.sign());
    if (salvage && (source.isEmpty() || target.isEmpty())) {
      throw new UsageException("--salvage takes files as SOURCE and TARGET, not -");
    }
    return new ConvertCommand(
        source,
        FileOptions.key(arguments, SOURCE_KEY),
        target,
        format,
        FileOptions.read(arguments, format),
        salvage);
  }

  private static Optional<Path> operand(String operand, String name) {
    return operand.equals(Addresses.STANDARD_STREAM)
        ? Optional.empty()
        : Optional.of(FileOperands.file(operand, name));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    refuseSameFile();
    if (target.isEmpty()) {
      StandardOutput.refuseTerminal(console);
    }
    if (salvage) {
      salvage(console, cancellation);
      return ExitStatus.DONE;
    }
    try (ConversionSource from =
        ConversionSource.open(source, sourceKey, options.key(), console, cancellation)) {
      if (target.isEmpty()) {
        toOutput(from, console, cancellation);
      } else {
        toFile(from, target.get(), Optional.empty(), console, cancellation);
      }
    }
    return ExitStatus.DONE;
  }

  private void salvage(Console console, Cancellation cancellation) {
    Path damaged = source.orElseThrow();
    try (SalvagedSave save = SalvagedSave.open(damaged);
        ConversionSource from = ConversionSource.salvaged(save)) {
      toFile(from, target.orElseThrow(), Optional.of(save), console, cancellation);
      if (save.damagedRanges() > 0) {
        throw new DamagedSaveException(
            damaged
                + " is damaged: "
                + (save.damagedRanges() == 1 ? "1 range" : save.damagedRanges() + " ranges")
                + " of it, "
                + Amounts.bytes(save.damagedBytes())
                + ", could not be taken");
      }
    }
  }

  private static void toOutput(ConversionSource from, Console console, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    long ramBytes;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      ramBytes =
          new Conversion(from, progress, cancellation)
              .toStream(console.terminal().outChannel(), StandardOutput.NAME);
    }
    console.resultAside(
        "converted "
            + from.name()
            + " to a stream: "
            + Amounts.bytes(ramBytes)
            + " RAM, in "
            + Amounts.seconds(Amounts.secondsBetween(startNanos, System.nanoTime()))
            + SignatureText.clause(from.signature()));
  }

  private void toFile(
      ConversionSource from,
      Path file,
      Optional<SalvagedSave> salvaged,
      Console console,
      Cancellation cancellation) {
    long startNanos = System.nanoTime();
    WrittenSave written;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      written = new Conversion(from, progress, cancellation).toFile(file, format, options);
    }
    tell(console, from, salvaged, written, Amounts.secondsBetween(startNanos, System.nanoTime()));
  }

  private void refuseSameFile() {
    if (source.isEmpty() || target.isEmpty()) {
      return;
    }
    try {
      if (Files.exists(target.get()) && Files.isSameFile(source.get(), target.get())) {
        throw new UsageException(
            source.get() + " and " + target.get() + " are the same file: give another TARGET");
      }
    } catch (IOException e) {
      // Opening the source reports why it can't be accessed.
    }
  }

  private void tell(
      Console console,
      ConversionSource from,
      Optional<SalvagedSave> salvaged,
      WrittenSave written,
      double seconds) {
    PageCacheNote.tell(console, written.whyCached());
    console.done(written.path() + " is complete");
    console.resultLine(
        "converted "
            + from.name()
            + " to "
            + written.path()
            + " ("
            + format.text()
            + "): "
            + Amounts.bytes(written.ramBytes())
            + " RAM, "
            + Amounts.bytes(written.pageBytes())
            + " data, "
            + Amounts.bytes(written.diskBytes())
            + " on disk, in "
            + Amounts.seconds(seconds)
            + (options.key().isPresent() ? ", signed" : "")
            + SignatureText.clause(from.signature()));
    salvaged.ifPresent(save -> {
      StringBuilder lost = new StringBuilder();
      DamageText.append(lost, save.damage(), save.damagedRanges(), save.damagedBytes());
      console.result(lost.toString());
    });
    console.json(json -> {
      json.writeStringProperty("format", format.text());
      json.writeStringProperty("source_format", from.format().text());
      json.writeStringProperty("source_signature", SignatureText.word(from.signature()));
      json.writeStringProperty("file", written.path().toString());
      json.writeNumberProperty("ram_bytes", written.ramBytes());
      json.writeNumberProperty("page_bytes", written.pageBytes());
      json.writeNumberProperty("file_bytes", written.fileBytes());
      json.writeNumberProperty("disk_bytes", written.diskBytes());
      json.writeBooleanProperty("signed", options.key().isPresent());
      JsonObject.seconds(json, "seconds", seconds);
      salvaged.ifPresent(save -> {
        json.writeNumberProperty("damaged_ranges", save.damagedRanges());
        json.writeNumberProperty("damaged_bytes", save.damagedBytes());
        json.writeArrayPropertyStart("damage");
        save.damage().forEach(range -> DamageText.write(json, source.orElseThrow(), range));
        json.writeEndArray();
      });
    });
  }
}
