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
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.error.FixedRamException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveSeal;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.store.BlockInfo;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JsonGenerator;

/**
 * {@code fixedram info}: shows the content of a save.
 *
 * @param manifest whether the manifest is shown instead
 * @param secrets whether values in it that may be secrets are shown
 */
record InfoCommand(Path file, boolean manifest, boolean secrets, Optional<SigningKey> key)
    implements Command {
  private static final OptionSpec MANIFEST =
      OptionSpec.flag(
          "manifest",
          "show the manifest, as JSON: the guest, its QEMU and its disks as they were when it was"
              + " saved; passwords and the like in QEMU's command are masked");
  private static final OptionSpec SHOW_SECRETS =
      OptionSpec.flag("show-secrets", "do not mask anything in the manifest");

  static final CommandSpec SPEC =
      new CommandSpec(
          "info",
          "show the content of a save",
          List.of("[OPTION]... FILE"),
          List.of(
              "Shows format, machine and RAM blocks of a save, and how much of each block is in"
                  + " the file; the rest is zero, and holes. FILE may be a mapped-ram file of"
                  + " fixedram or QEMU, a fixed-ram file, or a migration stream in a file, which is read"
                  + " completely.",
              "For a damaged or incomplete file it shows what can be read, reports the problem, and"
                  + " exits with status 3. With -q it prints nothing, and the exit status tells whether"
                  + " the save is complete."),
          List.of("FILE"),
          false,
          List.of(MANIFEST, SHOW_SECRETS, FileOptions.check()),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of(new Example("Look at a save:", List.of("$ fixedram info vm.fram"))));

  /** Creates the command from its arguments. */
  static InfoCommand of(Arguments arguments) {
    if (arguments.has(SHOW_SECRETS) && !arguments.has(MANIFEST)) {
      throw new UsageException("--show-secrets goes with --manifest");
    }
    return new InfoCommand(
        FileOperands.file(arguments.operand(0), "FILE"),
        arguments.has(MANIFEST),
        arguments.has(SHOW_SECRETS),
        FileOptions.key(arguments, FileOptions.check()));
  }

  @Override
  public int run(Console console, Cancellation cancellation) {
    return manifest ? showManifest(console, cancellation) : showContent(console, cancellation);
  }

  /** The manifest is JSON in both forms of output. */
  private int showManifest(Console console, Cancellation cancellation) {
    Manifest read =
        cancellation.await(() -> {
          try (PageStore save = Saves.open(file, key)) {
            return Manifest.ofJson(
                save.manifest()
                    .orElseThrow(() -> new FixedRamException(file + " has no manifest")));
          }
        });
    Manifest shown = secrets ? read : read.masked();
    console.result(shown.toPrettyJson() + "\n");
    console.json(shown.toJson());
    return ExitStatus.DONE;
  }

  private int showContent(Console console, Cancellation cancellation) {
    SaveInfo info = read(cancellation);
    console.result(InfoText.of(file, info));
    console.json(json -> write(json, info));
    Optional<FixedRamException> problem = info.problem();
    if (problem.isPresent()) {
      throw problem.get();
    }
    return ExitStatus.DONE;
  }

  /** Reads in the background, so that a cancellation need not wait; reading has nothing to undo. */
  private SaveInfo read(Cancellation cancellation) {
    return cancellation.await(() -> {
      try (PageStore save = Saves.open(file, key)) {
        return SaveInfo.of(save);
      }
    });
  }

  private static void write(JsonGenerator json, SaveInfo info) {
    json.writeStringProperty("format", info.format().text());
    json.writeBooleanProperty("complete", info.complete());
    json.writeStringProperty("machine", info.machine());
    json.writeArrayPropertyStart("capabilities");
    for (String capability : info.capabilities()) {
      json.writeString(capability);
    }
    json.writeEndArray();
    json.writeArrayPropertyStart("blocks");
    for (BlockInfo block : info.blocks()) {
      json.writeStartObject();
      json.writeStringProperty("name", block.name());
      json.writeNumberProperty("used_length", block.usedLength());
      json.writeNumberProperty("page_size", block.pageSize());
      offset(json, "pages_offset", block.pagesOffset());
      offset(json, "bitmap_offset", block.bitmapOffset());
      json.writeNumberProperty("pages", block.pages());
      json.writeNumberProperty("present", block.present());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNumberProperty("file_bytes", info.fileBytes());
    json.writeNumberProperty("disk_bytes", info.diskBytes());
    json.writeNumberProperty("device_state_bytes", info.deviceStateBytes());
    json.writeNumberProperty("ram_bytes", info.ramBytes());
    json.writeBooleanProperty("described", info.described());
    json.writeBooleanProperty("sealed", info.seal().isPresent());
    json.writeBooleanProperty("signed", info.seal().filter(SaveSeal::signed).isPresent());
    SignatureText.write(json, SignatureText.of(info.seal()));
    info.seal()
        .ifPresent(seal -> {
          json.writeStringProperty("id", seal.id().toString());
          json.writeStringProperty("writer", seal.writer());
        });
  }

  private static void offset(JsonGenerator json, String name, OptionalLong offset) {
    if (offset.isPresent()) {
      json.writeNumberProperty(name, offset.getAsLong());
    } else {
      json.writeNullProperty(name);
    }
  }
}
