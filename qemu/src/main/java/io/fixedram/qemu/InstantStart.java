// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.file.FixedSave;
import io.fixedram.file.MappableRegion;
import io.fixedram.file.Save;
import io.fixedram.file.SaveHold;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.command.InstantCommand;
import io.fixedram.qemu.command.InstantCommand.Mapping;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What has QEMU start with private mappings of a save as RAM, and the hold on that save.
 *
 * @param path the save, as QEMU is told
 */
record InstantStart(Path path, InstantCommand command, SaveHold hold) implements AutoCloseable {
  private static final String DESCRIPTOR_NAME = "fixedram-save";

  /**
   * Looks whether it goes, and holds the save.
   *
   * @throws NotInstantException if it does not
   */
  static InstantStart prepare(Save save, QemuCommandLine command) {
    if (!(save instanceof FixedSave fixed)) {
      throw new NotInstantException(
          save.path()
              + " is a "
              + save.format().text()
              + " file, whose pages have no places of their own ('fixedram convert' makes a file"
              + " where they do); --via stream works with it");
    }
    Path program =
        command
            .program()
            .orElseThrow(() ->
                new NotInstantException(
                    "the command has no program with a name of QEMU's (qemu-system-...), so that its"
                        + " options can't be rewritten: write QEMU's own command line, or take"
                        + " --via lazy or stream"));
    Path path = fixed.path().toAbsolutePath();
    InstantCommand rewritten =
        InstantCommand.of(
            command,
            new InstantCommand.Target(path, fixed.header(), fixed.places()),
            InstantStart::isOfHugePages);
    try (BackendProperties properties = BackendProperties.ask(program)) {
      for (Mapping mapping : rewritten.mappings()) {
        MappableRegion.obstacle(fixed, mapping.place())
            .ifPresent(obstacle -> {
              throw new NotInstantException(obstacle);
            });
      }
      properties.require();
    }
    try {
      return new InstantStart(path, rewritten, SaveHold.take(fixed));
    } catch (StorageException e) {
      throw new NotInstantException(e.sentence());
    }
  }

  /** The place of a file that is not there yet has the nearest directory's file system. */
  private static boolean isOfHugePages(Path path) {
    for (Path each = path.toAbsolutePath(); each != null; each = each.getParent()) {
      try {
        if (Files.exists(each)) {
          return Files.getFileStore(each).type().equals("hugetlbfs");
        }
      } catch (IOException e) {
        return false;
      }
    }
    return false;
  }

  List<String> words() {
    return command.words();
  }

  /** The blocks that QEMU has already and that need not be loaded. */
  Set<RamBlock> mapped() {
    return command.mappings().stream()
        .map(mapping -> mapping.place().block())
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Checks that the QEMU which has come up maps what it was told to, and hands the hold over to it.
   * The lock is that of the open file, so that it lasts as long as QEMU, which needs do nothing.
   *
   * @throws FixedRamException if QEMU maps something else
   */
  void confirm(QmpClient qmp) {
    for (Mapping mapping : command.mappings()) {
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
                + ": does the command pass its arguments on to QEMU? --via stream needs no mapping");
      }
    }
    hold.check();
    if (hold.replaced()) {
      throw new FixedRamException(path + " was replaced while QEMU started: try again");
    }
    qmp.executeWithDescriptor("getfd", Map.of("fdname", DESCRIPTOR_NAME), hold.number());
  }

  private static Json get(QmpClient qmp, String object, String property) {
    return qmp.execute("qom-get", Map.of("path", object, "property", property));
  }

  @Override
  public void close() {
    hold.close();
  }
}
