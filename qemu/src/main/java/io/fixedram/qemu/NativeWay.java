// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.Descriptor;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * QEMU reads a mapped-ram file itself. Over a unix socket it is handed the open file (add-fd, a
 * name under /dev/fdset), since it may have no right to open it, and takes no second try after a
 * name that it can't open; over TCP it is told the name.
 */
final class NativeWay implements IncomingWay {
  private final Path file;
  private final QemuMigration migration;
  private OptionalLong descriptorSet = OptionalLong.empty();

  NativeWay(Path file, QemuMigration migration) {
    this.file = file;
    this.migration = migration;
  }

  @Override
  public boolean mappedRam() {
    return true;
  }

  @Override
  public void start() {
    migration.startIncomingFile(nameForQemu());
  }

  private String nameForQemu() {
    QmpClient qmp = migration.qmp();
    if (!qmp.canPassDescriptors()) {
      return file.toAbsolutePath().toString();
    }
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      Json added =
          qmp.executeWithDescriptor(
              "add-fd", Map.of("opaque", "the save to restore"), descriptor.number());
      long set = added.get("fdset-id").number();
      descriptorSet = OptionalLong.of(set);
      return "/dev/fdset/" + set;
    }
  }

  @Override
  public void feed() {
    // QEMU helps itself.
  }

  @Override
  public void close() {
    if (descriptorSet.isPresent()) {
      long set = descriptorSet.getAsLong();
      descriptorSet = OptionalLong.empty();
      try {
        migration.qmp().execute("remove-fd", Map.of("fdset-id", set));
      } catch (FixedRamException e) {
        // Either QEMU is gone, and the descriptor with it, or it keeps one open that does no harm.
        System.getLogger(NativeWay.class.getName())
            .log(System.Logger.Level.DEBUG, "remove-fd after the load", e);
      }
    }
  }
}
