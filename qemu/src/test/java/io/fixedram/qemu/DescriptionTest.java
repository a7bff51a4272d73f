// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The description of a save, and the configuration section that it describes. */
class DescriptionTest extends QemuTest {

  private Path convert(Path from, SaveFormat format) {
    Path to = directory.resolve(format.text());
    try (PageStore save = Saves.open(from);
        SaveWriter writer = SaveWriter.create(to, format, WriteOptions.defaults())) {
      save.sendTo(writer.sink());
      writer.publish();
    }
    return to;
  }

  private static Json description(Path file) {
    try (PageStore save = Saves.open(file)) {
      byte[] json = save.deviceState().description().orElseThrow().toArray(ValueLayout.JAVA_BYTE);
      return Json.parse(new String(json, StandardCharsets.UTF_8));
    }
  }

  private static List<String> subsections(Path file) {
    return description(file).find("configuration").stream()
        .flatMap(section -> section.find("subsections").stream())
        .flatMap(all -> all.items().stream())
        .map(each -> each.get("vmsd_name").text())
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void namesTheSubsectionsThatAreThere(TestedQemu version) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertThat(subsections(file())).containsExactly("configuration/capabilities");
    Path stream = convert(file(), SaveFormat.STREAM);
    assertThat(subsections(stream)).isEmpty();
    Path fixedRam = convert(stream, SaveFormat.FIXED_RAM);
    assertThat(subsections(fixedRam)).containsExactly("configuration/capabilities");
    assertThat(description(fixedRam).get("devices").toString())
        .isEqualTo(description(file()).get("devices").toString());
  }

  /** A conversion there and back ends in what QEMU itself has written. */
  @Test
  void isThatOfQemu() throws Exception {
    try (RunningQemu qemu = boot(TestedQemu.QEMU_10, GuestSpec.small().with("-S"))) {
      qemu.switchOn("mapped-ram");
      Path own = directory.resolve("own");
      qemu.migrate("file:" + own);
      Path stream = convert(own, SaveFormat.STREAM);
      Path back = convert(stream, SaveFormat.MAPPED_RAM);
      assertThat(description(back).toString()).isEqualTo(description(own).toString());

      qemu.observer().execute("cont");
      qemu.observer().execute("stop");
      qemu.switchOff("mapped-ram");
      Path ownStream = directory.resolve("own.stream");
      qemu.observer().execute("migrate", Map.of("uri", "exec:cat > " + ownStream));
      QemuMigration migration = new QemuMigration(qemu.observer());
      RunningQemu.await("the end", () -> migration.state().is("completed"));
      assertThat(description(stream).get("configuration").toString())
          .isEqualTo(description(ownStream).get("configuration").toString());
    }
  }
}
