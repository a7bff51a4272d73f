// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceStateTest {
  /** The member "configuration" precedes the devices, and has fields of its own. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{}                                                              | false",
        "{'devices':[]}                                                  | false",
        "{'devices':[{'name':'timer','vmsd_name':'timer'}]}              | false",
        "{'configuration':{'fields':[]},'devices':[{'name':'timer'}]}    | false",
        "{'devices':[{'name':'timer','fields':[{'name':'x'}]}]}          | true",
        "{'configuration':{'fields':[]},'devices':[{ 'fields' : [ ] }]}  | true",
        "{'devices':[{'fields'                                           | true",
        "{'devices':[{'fields                                            | false",
      })
  void knowsWhetherFieldsAreDescribed(String text, boolean described) {
    byte[] bytes = text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    MemorySegment description = MemorySegment.ofArray(bytes);
    assertThat(new DeviceState(description, 0, Optional.of(description)).describesFields())
        .isEqualTo(described);
  }
}
