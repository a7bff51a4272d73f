// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.os.HostMemory;
import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AsideBudgetTest {
  private static long mebibytes(long permitted, long expected, long total, long available) {
    OptionalLong most = permitted < 0 ? OptionalLong.empty() : OptionalLong.of(permitted << 20);
    HostMemory host = new HostMemory(total << 20, available << 20);
    return AsideBudget.bytes(most, expected << 20, 2, host) >> 20;
  }

  @ParameterizedTest
  @CsvSource({
    // What is expected, half of it more, and 32 MiB.
    "-1,   100, 16000, 8000, 182",
    "-1,   0,   16000, 8000, 32",
    // A quarter of the host's memory; half of what is available; what was permitted.
    "-1,   9000, 16000, 15000, 4000",
    "-1,   9000, 16000, 3000,  1500",
    "500,  9000, 16000, 15000, 500",
    "8000, 9000, 16000, 15000, 7500",
    // None, or too little to be of use for two threads.
    "0,    9000, 16000, 15000, 0",
    "3,    9000, 16000, 15000, 0",
    "4,    9000, 16000, 15000, 4",
    "-1,   9000, 16000, 7,     0",
    "-1,   9000, 0,     0,     0",
  })
  void isWithinAllBounds(
      long permitted, long expected, long total, long available, long mebibytes) {
    assertThat(mebibytes(permitted, expected, total, available)).isEqualTo(mebibytes);
  }
}
