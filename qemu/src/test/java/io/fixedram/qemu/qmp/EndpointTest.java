// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {

  @Test
  void unixSockets() {
    assertThat(Endpoint.parse("unix:/run/a b.sock"))
        .isEqualTo(new Endpoint.Unix(Path.of("/run/a b.sock")))
        .hasToString("unix:/run/a b.sock");
    assertThat(Endpoint.parse("a.sock")).isEqualTo(new Endpoint.Unix(Path.of("a.sock")));
  }

  @Test
  void tcpPorts() {
    assertThat(Endpoint.parse("tcp:host:4444"))
        .isEqualTo(new Endpoint.Tcp("host", 4444))
        .hasToString("tcp:host:4444");
    assertThat(Endpoint.parse("tcp:[::1]:4444"))
        .isEqualTo(new Endpoint.Tcp("::1", 4444))
        .hasToString("tcp:[::1]:4444");
    assertThat(Endpoint.parse("tcp::4444")).isEqualTo(new Endpoint.Tcp("localhost", 4444));
  }

  /** What a command means by it is its own business. */
  @Test
  void dashIsAPath() {
    assertThat(Endpoint.parse("-")).isEqualTo(new Endpoint.Unix(Path.of("-")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unix:",
        "tcp:",
        "tcp:host",
        "tcp:host:",
        "tcp:host:70000",
        "tcp:::1:44",
        "tcp:h:x"
      })
  void malformed(String text) {
    assertThatThrownBy(() -> Endpoint.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
