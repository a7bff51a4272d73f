// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommandSpec.Example;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.ProgressDisplay;
import io.fixedram.cli.input.Addresses;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.stream.Conversion;
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
 */
record ConvertCommand(
    Optional<Path> source, Optional<Path> target, SaveFormat format, WriteOptions options)
    implements Command {
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
              "SOURCE may be - for a stream on standard input; TARGET may be - for a stream on"
                  + " standard output."),
          List.of("SOURCE", "TARGET"),
          false,
          Stream.concat(Stream.of(TO), FileOptions.ALL.stream()).toList(),
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
    return new ConvertCommand(source, target, format, FileOptions.read(arguments, format));
  }

  private static Optional<Path> operand(String operand, String name) {
    return operand.equals(Addresses.STANDARD_STREAM)
        ? Optional.empty()
        : Optional.of(FileOptions.file(operand, name));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    refuseSameFile();
    if (target.isEmpty()) {
      StandardOutput.refuseTerminal(console);
    }
    try (ConversionSource from = ConversionSource.open(source, console, cancellation)) {
      if (target.isEmpty()) {
        toOutput(from, console, cancellation);
      } else {
        toFile(from, target.get(), console, cancellation);
      }
    }
    return ExitStatus.DONE;
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
            + Amounts.seconds(Amounts.secondsBetween(startNanos, System.nanoTime())));
  }

  private void toFile(
      ConversionSource from, Path file, Console console, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    WrittenSave written;
    try (ProgressDisplay progress = new ProgressDisplay(console)) {
      written = new Conversion(from, progress, cancellation).toFile(file, format, options);
    }
    tell(console, from, written, Amounts.secondsBetween(startNanos, System.nanoTime()));
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

  private void tell(Console console, ConversionSource from, WrittenSave written, double seconds) {
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
            + Amounts.seconds(seconds));
    console.json(json -> {
      json.writeStringProperty("format", format.text());
      json.writeStringProperty("source_format", from.format().text());
      json.writeStringProperty("file", written.path().toString());
      json.writeNumberProperty("ram_bytes", written.ramBytes());
      json.writeNumberProperty("page_bytes", written.pageBytes());
      json.writeNumberProperty("file_bytes", written.fileBytes());
      json.writeNumberProperty("disk_bytes", written.diskBytes());
      JsonObject.seconds(json, "seconds", seconds);
    });
  }
}
