// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/** Formats amounts for humans, with binary units and three digits. */
public final class Amounts {
  private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final double NANOS_PER_SECOND = 1e9;

  private Amounts() {}

  /** A number of bytes, such as "96.3 MiB"; exact below 1 KiB. */
  public static String bytes(long bytes) {
    int unit = unit(bytes);
    return inUnit(bytes, unit) + " " + (bytes == 1 ? "byte" : UNITS[unit]);
  }

  /** A part and its total in the unit of the total, such as "96.3/512 MiB". */
  static String bytesOf(long part, long whole) {
    int unit = unit(whole);
    return inUnit(Math.min(part, whole), unit) + "/" + inUnit(whole, unit) + " " + UNITS[unit];
  }

  /** An exact number with thousands separators, such as "571,234,304". */
  public static String exact(long number) {
    String digits = Long.toString(number);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < digits.length(); i++) {
      if (i > 0 && (digits.length() - i) % 3 == 0 && digits.charAt(i - 1) != '-') {
        out.append(',');
      }
      out.append(digits.charAt(i));
    }
    return out.toString();
  }

  /** A count without unit, such as "3.1k". */
  static String count(long count) {
    if (count < 1000) {
      return Long.toString(count);
    }
    double scaled = count;
    int step = -1;
    while (scaled >= 999.5 && step < 3) {
      scaled /= 1000;
      step++;
    }
    return threeDigits(scaled) + "kMGT".charAt(step);
  }

  /** A share, such as "18.8%"; never rounded to 0% or 100%. */
  public static String share(long part, long whole) {
    if (part == 0 || whole == 0) {
      return "0%";
    }
    if (part >= whole) {
      return "100%";
    }
    long perMille = Math.clamp(Math.round(1000.0 * part / whole), 1, 999);
    return perMille / 10 + "." + perMille % 10 + "%";
  }

  /** A duration, such as "85 us", "31 ms", "0.41 s" or "3 min 07 s". */
  public static String seconds(double seconds) {
    double millis = seconds * 1000;
    if (seconds > 0 && millis < 0.95) {
      return Math.round(millis * 1000) + " us";
    }
    if (millis < 9.95) {
      return oneDecimal(millis) + " ms";
    }
    if (millis < 99.5) {
      return Math.round(millis) + " ms";
    }
    if (seconds < 9.995) {
      long hundredths = Math.round(seconds * 100);
      return hundredths / 100 + "." + twoDigits(hundredths % 100) + " s";
    }
    if (seconds < 59.95) {
      return oneDecimal(seconds) + " s";
    }
    long whole = Math.round(seconds);
    if (whole < 3600) {
      return whole / 60 + " min " + twoDigits(whole % 60) + " s";
    }
    return whole / 3600 + " h " + twoDigits(whole / 60 % 60) + " min";
  }

  /** A duration in the format of a clock, such as "0:07" or "1:02:03". */
  static String clock(long seconds) {
    String tail = twoDigits(seconds % 60);
    return seconds < 3600
        ? seconds / 60 + ":" + tail
        : seconds / 3600 + ":" + twoDigits(seconds / 60 % 60) + ":" + tail;
  }

  /** Seconds between two values of {@link System#nanoTime()}. */
  public static double secondsBetween(long startNanos, long endNanos) {
    return (endNanos - startNanos) / NANOS_PER_SECOND;
  }

  /** The largest unit of which there is at least one, after rounding. */
  private static int unit(long bytes) {
    int unit = 0;
    while (unit < UNITS.length - 1 && scaled(bytes, unit) >= 1023.5) {
      unit++;
    }
    return unit;
  }

  private static String inUnit(long bytes, int unit) {
    return unit == 0 ? Long.toString(bytes) : threeDigits(scaled(bytes, unit));
  }

  private static double scaled(long bytes, int unit) {
    return Math.scalb((double) bytes, -10 * unit);
  }

  /** Three digits without trailing zeros: 1.37, 18.8, 512, 2. */
  private static String threeDigits(double value) {
    if (value >= 99.95) {
      return Long.toString(Math.round(value));
    }
    int decimals = value >= 9.995 ? 1 : 2;
    long scale = decimals == 1 ? 10 : 100;
    long scaled = Math.round(value * scale);
    long fraction = scaled % scale;
    if (fraction == 0) {
      return Long.toString(scaled / scale);
    }
    String text = decimals == 2 ? twoDigits(fraction) : Long.toString(fraction);
    String trimmed = text.endsWith("0") ? text.substring(0, 1) : text;
    return scaled / scale + "." + trimmed;
  }

  private static String oneDecimal(double value) {
    long tenths = Math.round(value * 10);
    return tenths / 10 + "." + tenths % 10;
  }

  private static String twoDigits(long value) {
    return value < 10 ? "0" + value : Long.toString(value);
  }
}
