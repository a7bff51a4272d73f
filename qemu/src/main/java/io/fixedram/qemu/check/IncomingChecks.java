// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.SavedRunState;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.store.PageStore;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Checks before QEMU loads a save: whether it waits for a guest, and whether its machine matches
 * the save. QEMU's own loader finds other mismatches, but some versions exit then.
 */
public final class IncomingChecks {
  private final QemuMigration migration;
  private final PageStore save;

  public IncomingChecks(QemuMigration migration, PageStore save) {
    this.migration = migration;
    this.save = save;
  }

  /**
   * Runs the checks.
   *
   * @throws ObstacleException if something does not match
   */
  public void run() {
    GuestStatus status = migration.guest();
    if (!status.is("inmigrate")) {
      throw new ObstacleException(
          new LoadObstacle.NotWaiting(migration.qmp().endpoint(), status.name()));
    }
    checkRunState();
    checkMachine();
    checkRamSize();
    IncomingBlocks.check(migration.qmp(), save);
    IncomingPci.check(migration.qmp(), save);
  }

  private void checkRunState() {
    // Not for a stream, which would have to be read completely; QEMU checks the state itself.
    if (save.isRandomAccess()) {
      SavedRunState.of(save.deviceState())
          .filter(state -> !state.isLoadable())
          .ifPresent(state -> {
            throw new ObstacleException(
                new LoadObstacle.StateNotLoadable(save.name(), state.name()));
          });
    }
  }

  private void checkMachine() {
    String wanted = save.header().configuration().machine();
    Optional<String> actual = ifKnown(migration::machine);
    if (actual.isPresent() && !actual.get().equals(wanted)) {
      throw new ObstacleException(new LoadObstacle.OtherMachine(save.name(), wanted, actual.get()));
    }
  }

  private void checkRamSize() {
    Optional<RamBlock> main = mainMemory();
    Optional<Json> summary = migration.qmp().executeIfKnown("query-memory-size-summary", Map.of());
    if (main.isEmpty() || summary.isEmpty()) {
      return;
    }
    long actualBytes = summary.get().get("base-memory").number();
    if (actualBytes != main.get().usedLength()) {
      throw new ObstacleException(
          new LoadObstacle.OtherMemorySize(save.name(), main.get().usedLength(), actualBytes));
    }
  }

  /**
   * The block of main memory, if the machine type has a single one that is not a memory backend.
   */
  private Optional<RamBlock> mainMemory() {
    String machine = save.header().configuration().machine();
    return migration.qmp().executeIfKnown("query-machines", Map.of()).stream()
        .flatMap(machines -> machines.items().stream())
        .filter(each -> each.findText("name").filter(machine::equals).isPresent())
        .flatMap(each -> each.findText("default-ram-id").stream())
        .flatMap(id -> save.header().blocks().byName(id).stream())
        .findFirst();
  }

  /**
   * Result of a query that not every version, machine or configuration supports; empty if QEMU
   * refuses it.
   */
  private static <T> Optional<T> ifKnown(Supplier<T> question) {
    try {
      return Optional.of(question.get());
    } catch (QmpException e) {
      return Optional.empty();
    }
  }
}
