// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.error.DamagedRange;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** What is said of damaged ranges of a file. */
public final class DamageText {
  /** Maximum number of ranges of a file in the text; JSON has more. */
  private static final int MAX_LINES = 20;

  private DamageText() {}

  /**
   * Appends a line for each of the first ranges.
   *
   * @param count number of all ranges
   * @param bytes length of all ranges
   */
  public static void append(StringBuilder text, List<DamagedRange> ranges, long count, long bytes) {
    ranges.stream()
        .limit(MAX_LINES)
        .forEach(range -> text.append("  ").append(Printable.line(range.text())).append('\n'));
    if (count > MAX_LINES) {
      text.append("  ... ")
          .append(count)
          .append(" ranges, ")
          .append(Amounts.bytes(bytes))
          .append('\n');
    }
  }

  /** Writes a range as an object. */
  public static void write(JsonGenerator json, Path file, DamagedRange range) {
    json.writeStartObject();
    json.writeStringProperty("file", file.toString());
    if (range.block().isPresent()) {
      json.writeStringProperty("block", range.block().get());
    } else {
      json.writeNullProperty("block");
    }
    if (range.offset().isPresent()) {
      json.writeNumberProperty("offset", range.offset().getAsLong());
    } else {
      json.writeNullProperty("offset");
    }
    json.writeNumberProperty("file_offset", range.fileOffset());
    json.writeNumberProperty("length", range.lengthBytes());
    json.writeStringProperty("what", range.what());
    json.writeEndObject();
  }
}
