// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/**
 * Text of others made fit to be shown: names from files that anybody may have made, and what
 * programs say, must neither steer a terminal, nor look like lines of ours, nor hide what follows.
 */
public final class Printable {
  private Printable() {}

  /** The text on one line, with escapes in place of what is not to be shown. */
  public static String line(String text) {
    return escape(text, "");
  }

  /** Lines of ours, which end where they did; what is not to be shown in them is escaped. */
  static String lines(String text) {
    return escape(text, "\n");
  }

  /** The text of a JSON value or object, with escapes of JSON in place of the same characters. */
  static String json(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars()
        .forEach(c -> {
          if (isUnfit((char) c)) {
            out.append("\\u%04x".formatted(c));
          } else {
            out.append((char) c);
          }
        });
    return out.toString();
  }

  private static String escape(String text, String kept) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isUnfit(c) && kept.indexOf(c) < 0) {
        out.append(escape(c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static String escape(char c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> (c < 0x100 ? "\\x%02x" : "\\u%04x").formatted((int) c);
    };
  }

  /** Controls of ISO 6429, ends of lines of Unicode, and what changes the direction of text. */
  private static boolean isUnfit(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      case Character.FORMAT -> isDirection(c);
      default -> false;
    };
  }

  private static boolean isDirection(char c) {
    return c == '\u061c'
        || c == '\u200e'
        || c == '\u200f'
        || (c >= '\u202a' && c <= '\u202e')
        || (c >= '\u2066' && c <= '\u2069');
  }
}
