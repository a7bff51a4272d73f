// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.input.FileOperands;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.util.List;
import java.util.Optional;

/** Options for writing a save. */
final class FileOptions {
  static final String MAPPED_RAM = "mapped-ram";
  static final String FIXED_RAM = "fixed-ram";
  static final String STREAM = "stream";

  private static final OptionSpec ALIGN =
      OptionSpec.choice(
          "align",
          List.of("4M", "1M", "page"),
          "alignment of the pages of each RAM block in the file: 4M suits any disk and mapping with"
              + " huge pages, 1M is QEMU's own, page is the smallest");
  private static final OptionSpec DIRECT =
      OptionSpec.choice(
          "direct-io",
          List.of("auto", "on", "off"),
          "write runs of pages past the page cache (O_DIRECT): auto if the file system supports it;"
              + " runs below 256 KiB always go through the cache");
  private static final OptionSpec NO_SYNC =
      OptionSpec.flag(
          "no-sync",
          "do not wait until the file is on its disk; a crash of this machine may then lose it");

  private static final OptionSpec PREALLOC =
      OptionSpec.flag(
          "prealloc",
          "reserve space for all of the guest's RAM before any of it is written, so that the disk"
              + " can't fill up meanwhile; what zero pages did not need is given back at the end");

  private static final String KEY_NAME = "key-file";
  private static final OptionSpec SIGN =
      OptionSpec.value(
          KEY_NAME,
          "KEY",
          "sign the file with the key in this file: at least 32 random bytes, which nobody else may"
              + " read. It can then be told from any file that was made or changed without the key;"
              + " nothing is encrypted");
  private static final OptionSpec CHECK =
      OptionSpec.value(
          KEY_NAME,
          "KEY",
          "accept FILE only if it is signed with the key in this file, and check that before"
              + " anything of it is used");

  /** All options except the format, in the order of the help. */
  static final List<OptionSpec> ALL = List.of(ALIGN, DIRECT, PREALLOC, NO_SYNC, SIGN);

  private FileOptions() {}

  /** The options for writing a save of a format. */
  static WriteOptions read(Arguments arguments, SaveFormat format) {
    if (format == SaveFormat.STREAM && arguments.has(ALIGN)) {
      throw new UsageException(
          "--align cannot be used with a stream, whose pages have no fixed places");
    }
    DirectMode direct =
        switch (arguments.choice(DIRECT)) {
          case "on" -> DirectMode.ON;
          case "off" -> DirectMode.OFF;
          default -> DirectMode.AUTO;
        };
    if (format == SaveFormat.STREAM && direct == DirectMode.ON) {
      throw new UsageException(
          "--direct-io on cannot be used with a stream, which is never written directly");
    }
    if (format == SaveFormat.STREAM && arguments.has(PREALLOC)) {
      throw new UsageException(
          "--prealloc cannot be used with a stream, whose size is not known before it ends");
    }
    long alignmentBytes =
        switch (arguments.choice(ALIGN)) {
          case "1M" -> 1L << 20;
          case "page" -> 1L;
          default -> 4L << 20;
        };
    WriteOptions plain = new WriteOptions(direct, !arguments.has(NO_SYNC), alignmentBytes);
    WriteOptions options = arguments.has(PREALLOC) ? plain.reserving() : plain;
    if (!arguments.has(SIGN)) {
      return options;
    }
    if (format == SaveFormat.STREAM || alignmentBytes == 1) {
      throw new UsageException(
          "--key-file cannot be used with "
              + (format == SaveFormat.STREAM ? "a stream" : "--align page")
              + ", which has no place for a signature");
    }
    return options.signed(key(arguments, SIGN).orElseThrow());
  }

  /** The option for the key that a file is signed with. */
  static OptionSpec sign() {
    return SIGN;
  }

  /** The option for the key that a file must be signed with. */
  static OptionSpec check() {
    return CHECK;
  }

  /** The key that the file of an option contains. */
  static Optional<SigningKey> key(Arguments arguments, OptionSpec option) {
    return arguments.has(option)
        ? Optional.of(
            SigningKey.read(
                FileOperands.path(arguments.required(option), "--" + option.longName())))
        : Optional.empty();
  }

  /** The format that an option chooses. */
  static SaveFormat format(Arguments arguments, OptionSpec option) {
    return switch (arguments.choice(option)) {
      case FIXED_RAM -> SaveFormat.FIXED_RAM;
      case STREAM -> SaveFormat.STREAM;
      default -> SaveFormat.MAPPED_RAM;
    };
  }
}
