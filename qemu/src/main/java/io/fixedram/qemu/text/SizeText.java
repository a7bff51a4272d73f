// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.text;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes in the syntax of QEMU's options: a number, optionally with a fraction and a unit letter.
 */
public final class SizeText {
  private static final Pattern SIZE =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,18})?)([bkmgtpe]?)");
  private static final Pattern HEX = Pattern.compile("0x([0-9a-f]{1,15})");
  private static final String UNITS = "bkmgtpe";

  private SizeText() {}

  /**
   * Bytes of a size; empty if the text is not a size.
   *
   * @param unit the unit letter if the text has none
   */
  public static OptionalLong bytes(String text, char unit) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    Matcher hex = HEX.matcher(lower);
    if (hex.matches()) {
      return scaled(new BigDecimal(Long.parseLong(hex.group(1), 16)), unit);
    }
    Matcher matcher = SIZE.matcher(lower);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    String letter = matcher.group(2);
    return scaled(new BigDecimal(matcher.group(1)), letter.isEmpty() ? unit : letter.charAt(0));
  }

  private static OptionalLong scaled(BigDecimal number, char unit) {
    BigDecimal bytes = number.multiply(new BigDecimal(1L << (10 * UNITS.indexOf(unit))));
    return bytes.compareTo(new BigDecimal(Long.MAX_VALUE)) > 0
        ? OptionalLong.empty()
        : OptionalLong.of(bytes.longValue());
  }

  /** A size for messages. */
  public static String words(long bytes) {
    return bytes % (1 << 20) == 0 ? (bytes >> 20) + " MiB" : bytes + " bytes";
  }

  /** A size for a command line. */
  public static String option(long bytes) {
    return bytes % (1 << 20) == 0 ? (bytes >> 20) + "M" : bytes + "B";
  }
}
