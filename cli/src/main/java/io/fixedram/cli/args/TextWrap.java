// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.ArrayList;
import java.util.List;

/** Wraps text between words. */
public final class TextWrap {
  private TextWrap() {}

  /**
   * The lines of a text, with at most the given number of columns unless a single word is longer.
   */
  public static List<String> lines(String text, int columns) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    int from = 0;
    while (from < text.length()) {
      int space = text.indexOf(' ', from);
      int to = space < 0 ? text.length() : space;
      if (!line.isEmpty() && line.length() + 1 + to - from > columns) {
        lines.add(line.toString());
        line.setLength(0);
      }
      if (to > from) {
        line.append(line.isEmpty() ? "" : " ").append(text, from, to);
      }
      from = to + 1;
    }
    lines.add(line.toString());
    return lines;
  }
}
