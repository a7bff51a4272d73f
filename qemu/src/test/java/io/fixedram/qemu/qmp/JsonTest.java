// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  private static final Json VALUE =
      Json.parse(
          """
          {"text": "a\\"b", "number": 5000000000, "huge": 18446744073709551615, "flag": true,
           "list": [1, 2], "nothing": null, "inner": {"x": "y"}}
          """);

  @Test
  void readsEachType() {
    assertThat(VALUE.get("text").text()).isEqualTo("a\"b");
    assertThat(VALUE.get("number").number()).isEqualTo(5_000_000_000L);
    assertThat(VALUE.get("huge").number()).isEqualTo(Long.MAX_VALUE);
    assertThat(VALUE.get("flag").flag()).isTrue();
    assertThat(VALUE.get("list").items()).map(Json::number).containsExactly(1L, 2L);
    assertThat(VALUE.get("inner").get("x").text()).isEqualTo("y");
    assertThat(VALUE.findText("text")).contains("a\"b");
    assertThat(VALUE.findNumber("number")).hasValue(5_000_000_000L);
  }

  @Test
  void whatIsNotThere() {
    assertThat(VALUE.find("nothing")).isEmpty();
    assertThat(VALUE.find("none")).isEmpty();
    assertThat(VALUE.findText("none")).isEmpty();
    assertThat(VALUE.findNumber("none")).isEmpty();
    assertThatThrownBy(() -> VALUE.get("none"))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("'none'");
  }

  @Test
  void whatIsOfAnotherType() {
    assertThatThrownBy(() -> VALUE.get("text").number()).isInstanceOf(FixedRamException.class);
    assertThatThrownBy(() -> VALUE.get("number").text()).isInstanceOf(FixedRamException.class);
    assertThatThrownBy(() -> VALUE.get("number").flag()).isInstanceOf(FixedRamException.class);
    assertThatThrownBy(() -> VALUE.get("inner").items()).isInstanceOf(FixedRamException.class);
    assertThatThrownBy(() -> VALUE.get("list").get("x")).isInstanceOf(FixedRamException.class);
  }

  @Test
  void writesOneLine() {
    Json json = Json.of(Map.of("list", List.of("a\nb", 1L, true)));
    assertThat(json).hasToString("{\"list\":[\"a\\nb\",1,true]}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "{", "QEMU 7.2.22 monitor", "[1,", "{\"a\":}"})
  void malformed(String text) {
    assertThatThrownBy(() -> Json.parse(text)).isInstanceOf(FixedRamException.class);
  }

  @Test
  void tooDeep() {
    assertThatThrownBy(() -> Json.parse("[".repeat(100_000))).isInstanceOf(FixedRamException.class);
  }
}
