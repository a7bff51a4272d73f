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
import io.fixedram.cli.console.DamageText;
import io.fixedram.cli.console.JsonObject;
import io.fixedram.cli.console.Printable;
import io.fixedram.cli.console.RemedyText;
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.verify.Verification;
import io.fixedram.verify.VerificationReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** {@code fixedram verify}: reads everything of saves, and names what is damaged. */
record VerifyCommand(List<Path> files, Optional<SigningKey> key) implements Command {
  static final CommandSpec SPEC =
      new CommandSpec(
          "verify",
          "check every byte of saves against their checksums",
          List.of("[OPTION]... FILE..."),
          List.of(
              "Reads each FILE completely, with all processors, and compares its pages with their"
                  + " fingerprints and everything else with its checksums. Damaged ranges are named by"
                  + " RAM block, offset in the block, and offset in the file.",
              "Files that fixedram writes can be verified, except streams and files with"
                  + " --align page; 'fixedram seal' adds to others what is needed. Restores by"
                  + " --via lazy, memory and stream, and conversions, check what they read anyway."),
          List.of("FILE..."),
          false,
          List.of(FileOptions.check()),
          List.of(
              CommandSpec.COMMON_EXIT_STATUSES.get(0),
              new CommandSpec.StatusMeaning(
                  "1", "failed, or a file has no checksums; standard error says why"),
              CommandSpec.COMMON_EXIT_STATUSES.get(2),
              new CommandSpec.StatusMeaning(
                  "3",
                  "a file is damaged, incomplete, not a save, or not signed with the given key"),
              new CommandSpec.StatusMeaning("130", "interrupted")),
          List.of(new Example("Check two saves:", List.of("$ fixedram verify a.fram b.fram"))));

  /** Keeps a copy of the list. */
  VerifyCommand {
    files = List.copyOf(files);
  }

  /**
   * Result for one file.
   *
   * @param report present if the file could be verified
   * @param failure reason why it is not whole
   */
  private record Result(
      Path file,
      Optional<VerificationReport> report,
      Optional<FixedRamException> failure,
      double seconds) {
    boolean ok() {
      return failure.isEmpty();
    }

    /** The damaged ranges that are known. */
    List<DamagedRange> damage() {
      return report
          .map(VerificationReport::damage)
          .orElseGet(() ->
              failure
                  .filter(DamagedSaveException.class::isInstance)
                  .map(DamagedSaveException.class::cast)
                  .flatMap(DamagedSaveException::range)
                  .map(List::of)
                  .orElse(List.of()));
    }
  }

  /** Creates the command from its arguments. */
  static VerifyCommand of(Arguments arguments) {
    return new VerifyCommand(
        arguments.operands().stream().map(word -> FileOperands.file(word, "FILE")).toList(),
        FileOptions.key(arguments, FileOptions.check()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    List<Result> results = new ArrayList<>();
    for (Path file : files) {
      Result result = verify(file, cancellation);
      results.add(result);
      console.result(text(result));
    }
    console.json(json -> write(json, results));
    throwWorst(results);
    return ExitStatus.DONE;
  }

  private Result verify(Path file, Cancellation cancellation) {
    long start = System.nanoTime();
    Optional<VerificationReport> report = Optional.empty();
    Optional<FixedRamException> failure = Optional.empty();
    try {
      int threads = Runtime.getRuntime().availableProcessors();
      VerificationReport found = Verification.run(file, threads, key, cancellation);
      report = Optional.of(found);
      found.throwIfDamaged();
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      failure = Optional.of(e);
    }
    return new Result(file, report, failure, Amounts.secondsBetween(start, System.nanoTime()));
  }

  /** Damage counts more than files that can't be verified. */
  private static void throwWorst(List<Result> results) {
    List<FixedRamException> failures =
        results.stream().flatMap(result -> result.failure().stream()).toList();
    Optional<FixedRamException> worst =
        failures.stream().filter(VerifyCommand::isOfTheFile).findFirst();
    worst
        .or(() -> failures.stream().findFirst())
        .ifPresent(failure -> {
          throw failure;
        });
  }

  private static boolean isOfTheFile(FixedRamException failure) {
    return failure instanceof DamagedSaveException || failure instanceof UntrustedSaveException;
  }

  private static String withoutReport(FixedRamException failure) {
    return switch (failure) {
      case DamagedSaveException _ -> "DAMAGED";
      case UntrustedSaveException _ -> "NOT SIGNED with the given key";
      default -> "not verified";
    };
  }

  private static String text(Result result) {
    StringBuilder text = new StringBuilder(Printable.line(result.file().toString()));
    if (result.report().isEmpty()) {
      return text.append(": ")
          .append(result.failure().map(VerifyCommand::withoutReport).orElse(""))
          .append('\n')
          .toString();
    }
    VerificationReport report = result.report().get();
    text.append(report.isWhole() ? ": whole, " : ": DAMAGED, ")
        .append(Amounts.bytes(report.readBytes()))
        .append(" read in ")
        .append(Amounts.seconds(result.seconds()))
        .append(", save ")
        .append(report.seal().id())
        .append(SignatureText.clause(report.seal().signature()))
        .append('\n');
    DamageText.append(text, report.damage(), report.damagedRanges(), report.damagedBytes());
    return text.toString();
  }

  private static void write(JsonGenerator json, List<Result> results) {
    json.writeBooleanProperty("ok", results.stream().allMatch(Result::ok));
    json.writeArrayPropertyStart("damage");
    for (Result result : results) {
      result.damage().forEach(range -> DamageText.write(json, result.file(), range));
    }
    json.writeEndArray();
    json.writeArrayPropertyStart("files");
    for (Result result : results) {
      json.writeStartObject();
      json.writeStringProperty("file", result.file().toString());
      json.writeBooleanProperty("ok", result.ok());
      json.writeBooleanProperty("verified", result.report().isPresent());
      result
          .report()
          .ifPresent(report -> {
            json.writeStringProperty("id", report.seal().id().toString());
            json.writeStringProperty("writer", report.seal().writer());
            SignatureText.write(json, report.seal().signature());
            json.writeNumberProperty("file_bytes", report.fileBytes());
            json.writeNumberProperty("read_bytes", report.readBytes());
            json.writeNumberProperty("damaged_ranges", report.damagedRanges());
            json.writeNumberProperty("damaged_bytes", report.damagedBytes());
          });
      result
          .failure()
          .ifPresent(
              failure -> json.writeStringProperty("why", RemedyText.sentence(failure.reason())));
      JsonObject.seconds(json, "seconds", result.seconds());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
