// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.mapping.MappableRegion;
import io.fixedram.mapping.SaveHold;
import io.fixedram.qemu.check.FileSystemType;
import io.fixedram.qemu.command.InstantCommand;
import io.fixedram.qemu.command.InstantCommand.MappedBlock;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.PageStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A command that starts QEMU with private mappings of a save as RAM, and the hold on that save.
 *
 * @param path absolute path of the save, as passed to QEMU
 * @param command the rewritten command
 * @param hold the lock on the save
 */
public record InstantStart(Path path, InstantCommand command, SaveHold hold)
    implements AutoCloseable {
  private static final String DESCRIPTOR_NAME = "fixedram-save";
  private static final String PASSED_ON =
      ": it seems that the command does not pass its arguments on to QEMU";

  /**
   * Checks whether a command can map a save, and locks the save.
   *
   * @throws NotInstantException if the save can't be mapped
   */
  public static InstantStart prepare(
      PageStore save, QemuCommandLine command, Cancellation cancellation) {
    LocalFile file =
        save.localFile()
            .orElseThrow(
                () -> new NotInstantException(new InstantObstacle.NotLocalFile(save.name())));
    if (save.places().size() < save.blocks().size()) {
      throw new NotInstantException(
          new InstantObstacle.NoFixedPlaces(save.name(), save.file().orElseThrow().format()));
    }
    Path program =
        command
            .program()
            .orElseThrow(() -> new NotInstantException(new CommandObstacle.NoQemuProgram()));
    Path path = file.path().toAbsolutePath();
    InstantCommand rewritten =
        InstantCommand.of(
            command,
            new InstantCommand.Target(path, save.header(), save.places()),
            memoryFile ->
                FileSystemType.ofNearest(memoryFile)
                    .filter(FileSystemType::hasHugePages)
                    .isPresent());
    try (BackendProperties properties = BackendProperties.ask(program)) {
      for (MappedBlock mapping : rewritten.mappings()) {
        MappableRegion.obstacle(save, mapping.place().block())
            .ifPresent(obstacle -> {
              throw new NotInstantException(new InstantObstacle.NotMappable(obstacle));
            });
      }
      properties.require(cancellation);
    }
    try {
      return new InstantStart(path, rewritten, SaveHold.take(file));
    } catch (StorageException e) {
      throw new NotInstantException(new InstantObstacle.NotHeld(e));
    }
  }

  public List<String> words() {
    return command.words();
  }

  /** Sentences on differences from the given command. */
  public List<String> remarks() {
    return command.remarks();
  }

  /** The blocks that QEMU maps, which need not be loaded. */
  public Set<RamBlock> mapped() {
    return command.mappings().stream()
        .map(mapping -> mapping.place().block())
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Checks that the started QEMU has the mappings of the command, and opened the file read-only.
   *
   * @throws FixedRamException if it does not
   */
  public void confirm(QmpClient qmp) {
    command.mappings().forEach(mapping -> confirm(qmp, mapping));
  }

  /**
   * Passes the lock to QEMU. It belongs to the open file, so that it lasts as long as QEMU's
   * process without any action of QEMU.
   *
   * @throws FixedRamException if the save was changed or replaced
   */
  public void handOver(QmpClient qmp) {
    hold.check();
    if (hold.replaced()) {
      throw new FixedRamException(path + " was replaced while QEMU started: try again");
    }
    qmp.executeWithDescriptor("getfd", Map.of("fdname", DESCRIPTOR_NAME), hold.number());
  }

  private void confirm(QmpClient qmp, MappedBlock mapping) {
    String object = "/objects/" + mapping.backend();
    String file = get(qmp, object, "mem-path").text();
    long offset = get(qmp, object, "offset").number();
    if (!file.equals(path.toString()) || offset != mapping.place().pagesOffset()) {
      throw new FixedRamException(
          "QEMU maps "
              + file
              + " at offset "
              + offset
              + " for the memory backend "
              + mapping.backend()
              + " and not "
              + path
              + " at "
              + mapping.place().pagesOffset()
              + PASSED_ON,
          Remedy.USE_STREAM);
    }
    if (get(qmp, object, "share").flag() || !get(qmp, object, "readonly").flag()) {
      throw new FixedRamException(
          "QEMU's memory backend " + mapping.backend() + " could write to " + path + PASSED_ON,
          Remedy.USE_STREAM);
    }
  }

  private static Json get(QmpClient qmp, String object, String property) {
    return qmp.execute("qom-get", Map.of("path", object, "property", property));
  }

  @Override
  public void close() {
    hold.close();
  }
}
