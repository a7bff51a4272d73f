// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Amounts as people read them. */
class AmountsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 bytes",
    "1, 1 byte",
    "1023, 1023 bytes",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "10240, 10 KiB",
    "101000000, 96.3 MiB",
    "536870912, 512 MiB",
    "1048064, 1 MiB",
    "1047552, 1023 KiB",
    "1073741823, 1 GiB",
    "1471026135, 1.37 GiB",
    "9223372036854775807, 8 EiB"
  })
  void bytes(long bytes, String text) {
    assertThat(Amounts.bytes(bytes)).isEqualTo(text);
  }

  @Test
  void partsAreInTheUnitOfTheirWhole() {
    assertThat(Amounts.bytesOf(247463936, 536870912)).isEqualTo("236/512 MiB");
    assertThat(Amounts.bytesOf(0, 3L << 30)).isEqualTo("0/3 GiB");
    assertThat(Amounts.bytesOf(5L << 30, 3L << 30)).isEqualTo("3/3 GiB");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"0; 0", "999; 999", "1000; 1,000", "571234304; 571,234,304", "-1234; -1,234"})
  void exact(long number, String text) {
    assertThat(Amounts.exact(number)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "999, 999",
    "1000, 1k",
    "3141, 3.14k",
    "31415, 31.4k",
    "999499, 999k",
    "999999, 1M",
    "5000000, 5M"
  })
  void count(long number, String text) {
    assertThat(Amounts.count(number)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 10, 0%",
    "10, 10, 100%",
    "1, 100000, 0.1%",
    "99999, 100000, 99.9%",
    "188, 1000, 18.8%",
    "0, 0, 0%"
  })
  void share(long part, long whole, String text) {
    assertThat(Amounts.share(part, whole)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.0 ms",
    "0.00042, 420 us",
    "0.0099, 9.9 ms",
    "0.031, 31 ms",
    "0.0994, 99 ms",
    "0.0996, 0.10 s",
    "0.414, 0.41 s",
    "9.99, 9.99 s",
    "9.999, 10.0 s",
    "59.94, 59.9 s",
    "59.96, 1 min 00 s",
    "187, 3 min 07 s",
    "3725, 1 h 02 min"
  })
  void seconds(double seconds, String text) {
    assertThat(Amounts.seconds(seconds)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0:00", "7, 0:07", "61, 1:01", "3723, 1:02:03"})
  void clock(long seconds, String text) {
    assertThat(Amounts.clock(seconds)).isEqualTo(text);
  }
}
