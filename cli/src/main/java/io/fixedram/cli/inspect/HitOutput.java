// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.Printable;
import io.fixedram.inspect.Inspection;
import io.fixedram.inspect.find.Hit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import tools.jackson.core.JsonGenerator;

/**
 * Shows what was found: at once as text; as JSON at the end, since that is one object. JSON has at
 * most {@value #MAX_JSON_HITS} hits, and their number.
 */
final class HitOutput {
  private static final int MAX_JSON_HITS = 100_000;

  private final Console console;
  private final Inspection guest;
  private final int context;
  private final List<Found> found = new ArrayList<>();
  private long hits;

  /** A hit, with what was around it. */
  private record Found(
      String block, long offset, OptionalLong address, OptionalLong file, String context) {}

  HitOutput(Console console, Inspection guest, int context) {
    this.console = console;
    this.guest = guest;
    this.context = context;
  }

  void show(Hit hit) {
    hits++;
    OptionalLong file = fileOffset(hit);
    byte[] around = hit.context().toArray(JAVA_BYTE);
    if (found.size() < MAX_JSON_HITS) {
      found.add(
          new Found(
              hit.block().name(),
              hit.offset(),
              hit.address(),
              file,
              HexFormat.of().formatHex(around)));
    }
    StringBuilder line = new StringBuilder();
    line.append(Printable.line(hit.block().name()));
    line.append(" 0x%x".formatted(hit.offset()));
    if (hit.address().isPresent()) {
      line.append(", address 0x%x".formatted(hit.address().getAsLong()));
    }
    if (file.isPresent()) {
      line.append(", file offset ").append(file.getAsLong());
    }
    line.append('\n');
    if (context > 0) {
      line.append(HexDump.of(hit.address().orElse(hit.offset()) - hit.before(), around));
    }
    console.result(line.toString());
  }

  void end() {
    console.json(json -> {
      json.writeNumberProperty("hits", hits);
      json.writeArrayPropertyStart("found");
      found.forEach(each -> write(json, each));
      json.writeEndArray();
    });
  }

  private static void write(JsonGenerator json, Found hit) {
    json.writeStartObject();
    json.writeStringProperty("block", hit.block());
    json.writeNumberProperty("offset", hit.offset());
    if (hit.address().isPresent()) {
      json.writeStringProperty("address", "0x%x".formatted(hit.address().getAsLong()));
    }
    if (hit.file().isPresent()) {
      json.writeNumberProperty("file_offset", hit.file().getAsLong());
    }
    json.writeStringProperty("bytes", hit.context());
    json.writeEndObject();
  }

  private OptionalLong fileOffset(Hit hit) {
    OptionalLong pages = guest.pagesOffset(hit.block());
    return pages.isPresent() ? OptionalLong.of(pages.getAsLong() + hit.offset()) : pages;
  }
}
