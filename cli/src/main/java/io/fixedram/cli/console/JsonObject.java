// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/** Writes JSON objects. */
public final class JsonObject {
  private static final double MICROS_PER_SECOND = 1e6;

  private JsonObject() {}

  /** The text of an object with the fields written by a callback. */
  public static String text(Consumer<JsonGenerator> fields) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      fields.accept(json);
      json.writeEndObject();
    }
    return Printable.json(text.toString());
  }

  /** Writes an object with the fields written by a callback, on several lines, and a line feed. */
  static void write(Writer out, Consumer<JsonGenerator> fields) throws IOException {
    JsonFactory factory =
        JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    ObjectWriteContext context =
        new ObjectWriteContext.Base() {
          @Override
          public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
          }
        };
    try (JsonGenerator json = factory.createGenerator(context, out)) {
      json.writeStartObject();
      fields.accept(json);
      json.writeEndObject();
    }
    out.write('\n');
  }

  /** Writes a duration in seconds, rounded to microseconds. */
  public static void seconds(JsonGenerator json, String name, double seconds) {
    json.writeNumberProperty(name, Math.round(seconds * MICROS_PER_SECOND) / MICROS_PER_SECOND);
  }
}
