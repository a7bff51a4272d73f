// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** SaveAutoTest has the choices for real guests. */
class SaveChoiceTest {
  private static SaveRequest request(AfterSave then, Optional<Duration> maxDowntime) {
    return new SaveRequest(
        new Endpoint.Unix(Path.of("qmp")),
        Path.of("file"),
        OptionalInt.empty(),
        SaveMode.AUTO,
        maxDowntime,
        SaveFormat.MAPPED_RAM,
        false,
        false,
        then,
        WriteOptions.defaults(),
        0,
        OptionalLong.empty());
  }

  @Test
  void maximumIsThatOfTheCallerOrOneSecondForGuestsThatRunOn() {
    assertThat(SaveChoice.maxDowntime(request(AfterSave.RESUME, Optional.empty())))
        .contains(Duration.ofSeconds(1));
    assertThat(SaveChoice.maxDowntime(request(AfterSave.PAUSE, Optional.empty()))).isEmpty();
    assertThat(SaveChoice.maxDowntime(request(AfterSave.QUIT, Optional.empty()))).isEmpty();
    Optional<Duration> own = Optional.of(Duration.ofMillis(20));
    for (AfterSave then : AfterSave.values()) {
      assertThat(SaveChoice.maxDowntime(request(then, own))).isEqualTo(own);
    }
  }
}
