// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.engine.GuestControl;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.stream.OpaqueDevice;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A served guest answers as a real QEMU does: the same names, and the same defaults. */
@Tag("qemu")
@Timeout(120)
class ServedLikeQemuTest {
  /** Parameters that came after QEMU 8.2, which a served guest gives itself out for. */
  private static final Set<String> NEWER =
      Set.of("direct-io", "zero-page-detection", "multifd-qatzip-level");

  @TempDir Path directory;

  private Process start(TestedQemu version, Path qmp) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                version.binary().toString(),
                "-accel",
                "tcg",
                "-m",
                "16M",
                "-nodefaults",
                "-display",
                "none",
                "-S",
                "-qmp",
                "unix:" + qmp + ",server=on,wait=off")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    while (!Files.exists(qmp) && process.isAlive()) {
      Thread.sleep(10);
    }
    // The file is there a moment before its listener.
    Thread.sleep(50);
    return process;
  }

  private static Map<String, String> switches(QmpClient client) {
    Map<String, String> switches = new TreeMap<>();
    for (Json each : client.execute("query-migrate-capabilities").items()) {
      switches.put(each.get("capability").text(), each.get("state").toString());
    }
    return switches;
  }

  private static Map<String, String> members(Json object) {
    Map<String, String> members = new TreeMap<>();
    ((Map<?, ?>) object.raw())
        .forEach((name, value) -> members.put((String) name, Json.of(value).toString()));
    return members;
  }

  private static Json migrated(QmpClient client, String uri) throws InterruptedException {
    client.execute("migrate", Map.of("uri", uri));
    Json info = client.execute("query-migrate");
    for (int i = 0; i < 3000 && !info.get("status").text().equals("completed"); i++) {
      Thread.sleep(10);
      info = client.execute("query-migrate");
    }
    return info;
  }

  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void namesAndDefaultsAreQemus(TestedQemu version) throws IOException, InterruptedException {
    RamBlocks blocks = new RamBlocks(4096, List.of(new RamBlock(0, "ram", 1 << 20)));
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), blocks);
    Endpoint.Unix endpoint = new Endpoint.Unix(directory.resolve("served"));
    Path socket = directory.resolve("real");
    Process qemu = start(version, socket);
    try (QmpClient real = QmpClient.connect(new Endpoint.Unix(socket), Duration.ofSeconds(60));
        ServedGuest guest = new ServedGuest(memory, new Still(), Configuration.of("like-1"));
        QmpServer _ = QmpServer.start(endpoint.path(), guest, WriteOptions.defaults());
        QmpClient served = QmpClient.connect(endpoint)) {
      assertThat(switches(served)).containsAllEntriesOf(switches(real));

      Map<String, String> expected = members(real.execute("query-migrate-parameters"));
      expected.keySet().removeAll(NEWER);
      Json parameters = served.execute("query-migrate-parameters");
      assertThat(members(parameters)).containsAllEntriesOf(expected);
      // As clients do that put all of them back.
      served.execute("migrate-set-parameters", asArguments(parameters));

      Json info = migrated(real, "exec:cat > /dev/null");
      Json ours = migrated(served, "file:" + directory.resolve("ours"));
      assertThat(members(ours)).containsKeys(members(info).keySet().toArray(String[]::new));
      assertThat(members(ours.get("ram")))
          .containsKeys(members(info.get("ram")).keySet().toArray(String[]::new));
    } finally {
      qemu.destroyForcibly().waitFor();
    }
  }

  private static Map<String, Object> asArguments(Json object) {
    Map<String, Object> arguments = new TreeMap<>();
    ((Map<?, ?>) object.raw()).forEach((name, value) -> arguments.put((String) name, value));
    return arguments;
  }

  /** A guest that does nothing. */
  private static final class Still implements GuestControl {
    @Override
    public void stop() {}

    @Override
    public DeviceState deviceState() {
      return new OpaqueDevice("still", 1, MemorySegment.NULL).toDeviceState();
    }

    @Override
    public void resume() {}
  }
}
