// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.guest.Configuration;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.migration.SavedRunState;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.store.PageStore;
import io.fixedram.stream.PostcopyEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What keeps a QEMU from having a save's pages served, as far as that can be seen before it loads:
 * the rest is refused by QEMU itself.
 */
public final class LazyObstacles {
  private static final String POSTCOPY = "postcopy-ram";

  /** In QEMU's list of networks: a back end that other processes or the hardware work for. */
  private static final Pattern SHARING_NETWORK =
      Pattern.compile("\\btype=(vhost-user|vhost-vdpa)\\b");

  private static final List<String> SHARING_DEVICES =
      List.of("vfio-", "vhost-user-", "vhost-vdpa-");

  /** Where QEMU keeps the devices that users add, named ones and others. */
  private static final List<String> DEVICES =
      List.of("/machine/peripheral", "/machine/peripheral-anon");

  private final PageStore save;
  private final QemuMigration migration;

  private LazyObstacles(PageStore save, QemuMigration migration) {
    this.save = save;
    this.migration = migration;
  }

  /**
   * Looks for one.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   */
  public static Optional<Reason> find(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    LazyObstacles obstacles = new LazyObstacles(save, migration);
    if (!capabilities.containsKey(POSTCOPY)) {
      return obstacle(migration.qmp().version() + " has no " + POSTCOPY + " capability");
    }
    return inTheSave(save)
        .or(obstacles::inMemory)
        .or(obstacles::inMemoryFiles)
        .or(obstacles::inDevices)
        .or(obstacles::inNetworks)
        .or(obstacles::inTheHost);
  }

  /** Looks for one that the QEMU does not matter for. */
  public static Optional<Reason> inTheSave(PageStore save) {
    if (!save.isRandomAccess() || save.localFile().isEmpty()) {
      return Optional.of(
          Reason.of(
              save.name() + " is a stream, whose pages have no fixed places",
              Remedy.CONVERT_TO_MAPPED_RAM,
              Remedy.RESTORE_BY_STREAM));
    }
    if (save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)) {
      return obstacle(save.name() + " was saved under x-ignore-shared, without all of its memory");
    }
    Optional<SavedRunState> other =
        SavedRunState.of(save.deviceState()).filter(state -> !state.isOrdinary());
    if (other.isPresent()) {
      return obstacle(
          save.name()
              + " holds a guest in the state '"
              + other.get().name()
              + "', and QEMU forgets that of guests whose pages are served");
    }
    long bytes = save.deviceState().sectionsBytes();
    if (bytes > PostcopyEncoder.MAX_SECTIONS_BYTES) {
      return obstacle(
          save.name()
              + " has more device state ("
              + bytes
              + " bytes) than QEMU takes before the memory");
    }
    return save.header().blocks().list().stream()
        .filter(block -> block.pageSize().isPresent())
        .findFirst()
        .map(block -> hugePages(block.name(), block.pageSize().getAsLong() + " bytes"));
  }

  private static Optional<Reason> obstacle(String sentence) {
    return Optional.of(reason(sentence));
  }

  private static Reason reason(String sentence) {
    return Reason.of(sentence, Remedy.RESTORE_BY_STREAM);
  }

  /** A block of QEMU's that the save lacks would be waited for and never come. */
  private Optional<Reason> inMemory() {
    List<QemuRamBlock> blocks = QemuRamBlock.ask(migration.qmp());
    return blocks.stream()
        .filter(QemuRamBlock::hasHugePages)
        .findFirst()
        .map(block -> hugePages(block.name(), IncomingChecks.size(block.pageSize())))
        .or(() ->
            blocks.stream()
                .filter(block -> save.header().blocks().byName(block.name()).isEmpty())
                .findFirst()
                .map(block ->
                    reason(
                        "QEMU has RAM block "
                            + block.name()
                            + " ("
                            + IncomingChecks.size(block.usedLength())
                            + "), which "
                            + save.name()
                            + " does not hold, and would wait for its pages: start it without the"
                            + " device or memory backend that the saved guest did not have")));
  }

  /**
   * Of files that are not kept in memory, userfaultfd does not tell which pages are missing. Of a
   * private mapping QEMU empties the file itself, which is for others to read.
   */
  private Optional<Reason> inMemoryFiles() {
    List<MemoryFile> files = MemoryFile.ask(migration.qmp());
    boolean local = migration.qmp().canPassDescriptors();
    return files.stream()
        .flatMap(file ->
            FileSystemType.of(file.path()).stream()
                .filter(type -> !type.isMemory())
                .map(type ->
                    reason(
                        "the memory backend "
                            + file.backend()
                            + " is a file on "
                            + type.name()
                            + " ("
                            + file.path()
                            + "), where QEMU can't wait for single pages: make it one of ram or memfd,"
                            + " or put the file on tmpfs and share it")))
        .findFirst()
        .or(() ->
            files.stream()
                .filter(file -> !file.shared() && file.mayBeNamed(local))
                .findFirst()
                .map(file ->
                    reason(
                        "the memory backend "
                            + file.backend()
                            + " is a private mapping of "
                            + file.path()
                            + ", a file that QEMU would empty before pages can come: make it one of ram")));
  }

  private static Reason hugePages(String block, String size) {
    return reason(
        "RAM block "
            + block
            + " has pages of "
            + size
            + ", which a fixed-offset file cannot serve one by one: use a memory backend without huge"
            + " pages");
  }

  private Optional<Reason> inDevices() {
    return DEVICES.stream()
        .flatMap(path -> ifKnown("qom-list", Map.of("path", path)).stream())
        .flatMap(list -> list.items().stream())
        .flatMap(each -> each.findText("type").stream())
        .flatMap(LazyObstacles::deviceType)
        .filter(type -> SHARING_DEVICES.stream().anyMatch(type::startsWith))
        .findFirst()
        .map(type -> usesMemory("the device " + type));
  }

  private Optional<Reason> inNetworks() {
    return ifKnown("human-monitor-command", Map.of("command-line", "info network"))
        .map(list -> SHARING_NETWORK.matcher(list.text()))
        .filter(Matcher::find)
        .map(network -> usesMemory("a network of " + network.group(1)));
  }

  private static Reason usesMemory(String what) {
    return reason(
        what + " has another process or the hardware use guest memory, which must be there then");
  }

  private static Stream<String> deviceType(String type) {
    return type.startsWith("child<") && type.endsWith(">")
        ? Stream.of(type.substring("child<".length(), type.length() - 1))
        : Stream.empty();
  }

  /** Has QEMU try: only it knows whether it may use userfaultfd, and on what. */
  private Optional<Reason> inTheHost() {
    TemporarySettings settings = new TemporarySettings(migration.qmp());
    try {
      settings.setPlainStream();
      settings.setCapabilities(Map.of(POSTCOPY, true));
      return Optional.empty();
    } catch (QmpException e) {
      return obstacle(
          "QEMU cannot take pages one by one ("
              + e.description()
              + "): allow it userfaultfd by 'sysctl vm.unprivileged_userfaultfd=1' or access to"
              + " /dev/userfaultfd, if its own output does not name another reason");
    } finally {
      settings.putBack();
    }
  }

  private Optional<Json> ifKnown(String command, Map<String, ?> arguments) {
    try {
      return Optional.of(migration.qmp().execute(command, arguments));
    } catch (QmpException e) {
      return Optional.empty();
    }
  }
}
