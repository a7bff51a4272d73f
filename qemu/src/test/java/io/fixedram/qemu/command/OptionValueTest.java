// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionValueTest {
  private static OptionValue parse(String text) {
    return OptionValue.parse(text, "type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a,b=c",
        "b=c",
        "a,b=c,,d,e=f",
        "a,b=,c=d=e",
        "a,x=1,x=2",
        "",
        "{\"type\":\"a\",\"n\":1,\"on\":true,\"list\":[0,1]}"
      })
  void staysAsItWas(String text) {
    assertThat(parse(text).text()).isEqualTo(text);
  }

  @Test
  void partsOfAText() {
    OptionValue value = parse("a,,b,path=/tmp/x,,y,share,size=2=3,size=4,off=no,");
    assertThat(value.find("type")).contains("a,b");
    assertThat(value.find("path")).contains("/tmp/x,y");
    assertThat(value.find("size")).contains("4");
    assertThat(value.isOn("share")).isTrue();
    assertThat(value.isOn("off")).isFalse();
    assertThat(value.isOn("none")).isFalse();
    assertThat(value.find("none")).isEmpty();
    assertThat(value.keys()).containsExactlyInAnyOrder("type", "path", "share", "size", "off");
  }

  @Test
  void partsOfJson() {
    OptionValue value =
        parse("{\"type\": \"a\", \"size\": 1073741824, \"share\": true, \"x\": false}");
    assertThat(value.find("type")).contains("a");
    assertThat(value.find("size")).contains("1073741824");
    assertThat(value.isOn("share")).isTrue();
    assertThat(value.find("x")).contains("off");
  }

  @Test
  void changes() {
    assertThat(parse("a,b=c,d=e").with("b", "1,2").with("n", 7L).with("f", true).text())
        .isEqualTo("a,b=1,,2,d=e,n=7,f=on");
    assertThat(parse("a,b=c,b=d").only(Set.of("b")).text()).isEqualTo("b=c,b=d");
    assertThat(parse("{\"a\":1}").with("b", 7L).with("f", false).text())
        .isEqualTo("{\"a\":1,\"b\":7,\"f\":false}");
  }

  @ParameterizedTest
  @CsvSource({"on,true", "yes,true", "true,true", "y,true", "off,false", "no,false", "1,false"})
  void flags(String text, boolean on) {
    assertThat(parse("a,flag=" + text).isOn("flag")).isEqualTo(on);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":", "{", "{'a':'b'}", "{a:1}", "{\"a\":01}", "{%s}"})
  void brokenJson(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(NotInstantException.class)
        .hasMessageContaining("the option value " + text + " can't be read");
  }

  @Test
  void deepJson() {
    assertThatThrownBy(() -> parse("{\"a\":".repeat(100_000)))
        .isInstanceOf(NotInstantException.class)
        .hasMessageContaining("... can't be read");
  }
}
