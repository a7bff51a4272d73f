// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import java.util.OptionalLong;

/** Addresses and lengths in options. */
final class GuestNumbers {
  private static final int HEXADECIMAL = 16;

  private GuestNumbers() {}

  /** An address: hexadecimal with 0x in front, or decimal. */
  static OptionalLong address(Arguments arguments, OptionSpec option) {
    if (!arguments.has(option)) {
      return OptionalLong.empty();
    }
    String text = arguments.required(option);
    try {
      return OptionalLong.of(
          text.startsWith("0x") || text.startsWith("0X")
              ? Long.parseUnsignedLong(text.substring(2), HEXADECIMAL)
              : Long.parseUnsignedLong(text));
    } catch (NumberFormatException e) {
      throw new UsageException(
          "--" + option.longName() + " takes a number such as 0x1000 or 4096, not '" + text + "'");
    }
  }
}
