// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.console.JsonObject;
import io.fixedram.qemu.qmp.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run as text and as JSON. */
class ResultFormsTest {
  @Test
  void tableHasMediansRatiosAndFailures() {
    String text = ResultText.of(Results.mixed());
    assertThat(text).startsWith("date: 2026-01-01T00:00:00Z\nfile system: ext4\n");
    assertThat(text)
        .containsPattern("base +2\\.00 s +1\\.00 s +3\\.00 s +1\\.00 +-\n")
        .containsPattern("other +4\\.00 s +4\\.00 s +4\\.00 s +2\\.00 +-\n")
        .containsPattern("broken +- +- +- +- +-\n")
        .contains("broken failed: no direct-io here\n", "  a note\n")
        .contains("targets:\n", "not measured");
    assertThat(text).containsPattern("met +peak memory of every fixedram process .* 100 MiB");
  }

  @Test
  void missesAreShown() {
    String text =
        ResultText.of(
            Results.of(Results.suite("convert", "x", Results.timed(Names.INFO_LARGE, 0.5))));
    assertThat(text).containsPattern("MISSED +info of a 64 GiB save.*, 0\\.30 of what is wanted");
  }

  @Test
  void jsonHoldsEveryMeasurement() {
    Json json = Json.parse(JsonObject.text(out -> ResultJson.write(out, Results.mixed())));
    assertThat(json.get("host").get("file_system").text()).isEqualTo("ext4");
    List<Json> suites = json.get("suites").items();
    assertThat(suites)
        .extracting(each -> each.get("suite").text())
        .containsExactly("save", "growth");
    List<Json> rivals = suites.getFirst().get("rivals").items();
    Json base = rivals.getFirst();
    assertThat(base.get("name").text()).isEqualTo("base");
    assertThat(base.get("samples").items())
        .extracting(each -> each.get("seconds").number())
        .containsExactly(1L, 3L, 2L);
    assertThat(base.get("seconds").get("median").number()).isEqualTo(2);
    assertThat(rivals.get(1).get("ratio").number()).isEqualTo(2);
    assertThat(rivals.get(2).get("failure").text()).isEqualTo("no direct-io here");
    Json sample =
        suites.getLast().get("rivals").items().getFirst().get("samples").items().getFirst();
    assertThat(sample.get("curve").items().getLast().get("bytes").number()).isEqualTo(1 << 20);
    assertThat(json.get("targets").items())
        .isNotEmpty()
        .allMatch(each -> each.find("name").isPresent());
  }
}
