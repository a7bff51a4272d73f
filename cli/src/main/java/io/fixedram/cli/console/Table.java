// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A text table: the first column is left-aligned, the others are right-aligned. */
public final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a row, which must have as many cells as the first. */
  public void row(String... cells) {
    rows.add(Arrays.stream(cells).map(Printable::line).toList());
  }

  /** The rows as lines of text, each with an indent. */
  public String text(String indent) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder out = new StringBuilder();
    for (List<String> row : rows) {
      out.append(indent);
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        int padding = widths[i] - cell.length();
        if (i == 0) {
          out.append(cell).repeat(' ', columns == 1 ? 0 : padding);
        } else {
          out.append(GAP).repeat(' ', padding).append(cell);
        }
      }
      out.append('\n');
    }
    return out.toString();
  }
}
