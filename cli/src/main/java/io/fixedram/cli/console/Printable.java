// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/**
 * Escapes untrusted text for display: names from files, and output of programs, must not control
 * the terminal, look like this program's own lines, or hide other text.
 */
public final class Printable {
  private Printable() {}

  /** The text in one line, with control characters escaped. */
  public static String line(String text) {
    return escape(text, "");
  }

  /** Lines of text, with all control characters except line feeds escaped. */
  static String lines(String text) {
    return escape(text, "\n");
  }

  /** The text of a JSON value or object, with the same characters replaced by JSON escapes. */
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

  /**
   * Whether a character is a control of ISO 6429, a Unicode line end, or changes the direction of
   * text.
   */
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
