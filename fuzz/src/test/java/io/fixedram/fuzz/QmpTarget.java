// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.qemu.manifest.GuestFacts;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;

/** QEMU's side of a QMP connection: greeting, answers, events, and nonsense. */
final class QmpTarget implements FuzzTarget {
  private final ScriptedQemu qemu;

  QmpTarget(Path directory) throws IOException {
    this.qemu = ScriptedQemu.listen(directory.resolve("qmp"));
  }

  @Override
  public String name() {
    return "qmp";
  }

  @Override
  public void read(byte[] input) {
    qemu.say(new String(input, StandardCharsets.UTF_8).lines().toList());
    try (QmpClient qmp = QmpClient.connect(qemu.endpoint())) {
      GuestFacts facts = GuestFacts.ask(qmp, OptionalInt.empty());
      String json = new Manifest(Instant.EPOCH, "", true, facts).toJson();
      if (!Manifest.ofJson(json).toJson().equals(json)) {
        throw new AssertionError("facts that differ after they were written and read");
      }
      QemuRamBlock.ask(qmp);
      MemoryFile.ask(qmp);
      QemuDevice.all(qmp).forEach(QemuDevice::name);
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
            """
            {"version":{"qemu":{"major":7,"minor":2,"micro":0},"package":"x"},"capabilities":[]}
            {"package":""}
            [{"thread-id":1,"props":{},"qom-path":"/machine/unattached/device[0]","target":"x86_64"}]
            """,
            """
            !{"event":"STOP","timestamp":{"seconds":1,"microseconds":2},"data":{}}
            """)
        .stream()
        .map(text -> text.getBytes(StandardCharsets.UTF_8))
        .toList();
  }
}
