// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.junit.jupiter.api.Test;

/** The chart is well-formed, and has all of the run in it. */
class SvgChartTest {
  /** The names of a document's elements, or their texts. */
  private static List<String> read(String svg, boolean texts) throws XMLStreamException {
    List<String> found = new ArrayList<>();
    XMLStreamReader reader =
        XMLInputFactory.newInstance().createXMLStreamReader(new StringReader(svg));
    while (reader.hasNext()) {
      switch (reader.next()) {
        case XMLStreamReader.START_ELEMENT -> {
          if (!texts) {
            found.add(reader.getLocalName());
          } else if (reader.getLocalName().equals("text")) {
            found.add(reader.getElementText());
          }
        }
        default -> {}
      }
    }
    return found;
  }

  @Test
  void chartHasBarsLinesAndNames() throws XMLStreamException {
    String svg = SvgChart.of(Results.mixed());
    assertThat(read(svg, true))
        .contains("save: time", "base", "2.00 s", "other", "4.00 s", "broken", "failed")
        .contains("grows & <grows>", "growth: time");
    List<String> elements = read(svg, false);
    assertThat(elements.getFirst()).isEqualTo("svg");
    assertThat(elements).contains("rect", "line", "text").containsOnlyOnce("polyline");
  }

  @Test
  void emptyRunIsAChartToo() throws XMLStreamException {
    assertThat(read(SvgChart.of(Results.of()), false)).startsWith("svg");
    assertThat(read(SvgChart.of(Results.of(SuiteResult.notRun("save", "t", "no QEMU"))), true))
        .contains("save: time");
  }

  @Test
  void noMessageCanBreakIt() throws XMLStreamException {
    SuiteResult suite =
        Results.suite("save", "x", Results.failed("a\u0000b\u001b[31m\"'&<", "why"));
    assertThat(read(SvgChart.of(Results.of(suite)), true)).contains("a b [31m\"'&<");
  }
}
