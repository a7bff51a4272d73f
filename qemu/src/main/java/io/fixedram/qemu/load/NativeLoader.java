// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.FixedRamException;
import io.fixedram.mapping.SaveHold;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Loader of restore mode native: QEMU reads a mapped-ram file itself. If QMP is a unix socket, QEMU
 * is passed the open file (add-fd, a name under /dev/fdset), so that it loads the file that was
 * checked, even if the name changes or QEMU may not open it. Over TCP it is given the name, and the
 * guest runs only if the name is still that of the file after loading.
 */
public final class NativeLoader implements Loader {
  /** Time for QEMU to close the file. */
  private static final Duration LAST_TIME = Duration.ofSeconds(5);

  private final Path file;
  private final SaveHold hold;
  private final QemuMigration migration;
  private OptionalLong descriptorSet = OptionalLong.empty();

  public NativeLoader(PageStore save, QemuMigration migration) {
    LocalFile local = save.localFile().orElseThrow();
    this.file = local.path();
    // Checks the bitmaps, since QEMU would take pages whose bits were lost for zero pages.
    save.blocks().forEach(save::pages);
    this.hold = SaveHold.take(local);
    this.migration = migration;
  }

  @Override
  public boolean mappedRam() {
    return true;
  }

  @Override
  public boolean holdsGuestBack() {
    return true;
  }

  @Override
  public void start() {
    hold.check();
    migration.startIncomingFile(nameForQemu());
  }

  private String nameForQemu() {
    QmpClient qmp = migration.qmp();
    if (!qmp.canPassDescriptors()) {
      return file.toAbsolutePath().toString();
    }
    Json added =
        qmp.executeWithDescriptor("add-fd", Map.of("opaque", "the save to restore"), hold.number());
    long set = added.get("fdset-id").number();
    descriptorSet = OptionalLong.of(set);
    return "/dev/fdset/" + set;
  }

  @Override
  public void feed() {
    // QEMU reads the file itself.
  }

  @Override
  public void loaded() {
    hold.check();
    if (descriptorSet.isEmpty() && hold.replaced()) {
      throw new FixedRamException(
          file
              + " was replaced or moved while QEMU opened it by its name, so that it may have loaded"
              + " another file: try again");
    }
  }

  @Override
  public void close() {
    hold.close();
    if (descriptorSet.isPresent()) {
      long set = descriptorSet.getAsLong();
      descriptorSet = OptionalLong.empty();
      try {
        migration.qmp().cleaningUp(LAST_TIME).execute("remove-fd", Map.of("fdset-id", set));
      } catch (FixedRamException e) {
        // Either QEMU is gone, or it keeps a descriptor open, which is harmless.
        System.getLogger(NativeLoader.class.getName())
            .log(System.Logger.Level.DEBUG, "remove-fd after the load", e);
      }
    }
  }
}
