// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** Writes a benchmark's result as fields of a JSON object, with all measurements. */
public final class ResultJson {
  private ResultJson() {}

  /** Writes the fields. */
  public static void write(JsonGenerator json, BenchResult result) {
    json.writeObjectPropertyStart("host");
    for (Map.Entry<String, String> fact : result.host().facts().entrySet()) {
      json.writeStringProperty(fact.getKey().replace(' ', '_'), fact.getValue());
    }
    json.writeEndObject();
    json.writeArrayPropertyStart("suites");
    for (SuiteResult suite : result.suites()) {
      write(json, suite);
    }
    json.writeEndArray();
    json.writeArrayPropertyStart("targets");
    for (Target target : result.targets()) {
      json.writeStartObject();
      json.writeStringProperty("name", target.name());
      target
          .measured()
          .ifPresent(measured -> {
            json.writeNumberProperty("value", measured.value());
            json.writeNumberProperty("of_wanted", measured.ofWanted());
            json.writeStringProperty("text", measured.text());
            json.writeStringProperty("verdict", measured.verdict().name().toLowerCase(Locale.ROOT));
          });
      target
          .failure()
          .ifPresent(why -> {
            json.writeStringProperty("failure", why);
            json.writeBooleanProperty("met", false);
          });
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void write(JsonGenerator json, SuiteResult suite) {
    json.writeStartObject();
    json.writeStringProperty("suite", suite.key());
    json.writeStringProperty("title", suite.title());
    json.writeStringProperty("metric", suite.metric().key());
    suite.reference().ifPresent(name -> json.writeStringProperty("reference", name));
    json.writeArrayPropertyStart("rivals");
    for (RivalResult rival : suite.rivals()) {
      write(json, suite, rival);
    }
    json.writeEndArray();
    json.writeArrayPropertyStart("notes");
    suite.notes().forEach(json::writeString);
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, SuiteResult suite, RivalResult rival) {
    json.writeStartObject();
    json.writeStringProperty("name", rival.name());
    rival.failure().ifPresent(why -> json.writeStringProperty("failure", why));
    for (Metric metric : Metric.values()) {
      Optional<Statistics> statistics = rival.statistics(metric);
      if (statistics.isPresent()) {
        json.writeObjectPropertyStart(metric.key());
        json.writeNumberProperty("median", statistics.get().median());
        json.writeNumberProperty("min", statistics.get().min());
        json.writeNumberProperty("max", statistics.get().max());
        json.writeEndObject();
      }
    }
    suite.ratio(rival.name()).ifPresent(ratio -> json.writeNumberProperty("ratio", ratio));
    json.writeArrayPropertyStart("samples");
    for (Sample sample : rival.samples()) {
      write(json, sample);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Sample sample) {
    json.writeStartObject();
    for (Metric metric : Metric.values()) {
      if (sample.values().containsKey(metric)) {
        json.writeNumberProperty(metric.key(), sample.values().get(metric));
      }
    }
    if (!sample.curve().isEmpty()) {
      json.writeArrayPropertyStart("curve");
      for (Sample.Point point : sample.curve()) {
        json.writeStartObject();
        json.writeNumberProperty("seconds", point.seconds());
        json.writeNumberProperty("bytes", point.bytes());
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }
}
