// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.file.FixedSave;
import io.fixedram.file.Save;
import io.fixedram.guest.Configuration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
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
final class LazyObstacles {
  private static final String POSTCOPY = "postcopy-ram";
  private static final String REMEDY = "; --via stream works with it";

  /** A line of QEMU's list of RAM blocks: name, size of a host page, and more. */
  private static final Pattern RAM_BLOCK =
      Pattern.compile("^\\s*(\\S.*?)\\s+(\\d+ [KMGT]?i?B)\\s+0x", Pattern.MULTILINE);

  private static final String ORDINARY_PAGE = "4 KiB";

  /** Where QEMU keeps the devices that users add, named ones and others. */
  private static final List<String> DEVICES =
      List.of("/machine/peripheral", "/machine/peripheral-anon");

  private final Save save;
  private final Migration migration;

  private LazyObstacles(Save save, Migration migration) {
    this.save = save;
    this.migration = migration;
  }

  /**
   * Looks for one.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @return a sentence with its remedy
   */
  static Optional<String> find(Save save, Map<String, Boolean> capabilities, Migration migration) {
    LazyObstacles obstacles = new LazyObstacles(save, migration);
    if (!capabilities.containsKey(POSTCOPY)) {
      return Optional.of(
          migration.qmp().version() + " has no " + POSTCOPY + " capability" + REMEDY);
    }
    return obstacles
        .inTheSave()
        .or(obstacles::inMemory)
        .or(obstacles::inDevices)
        .or(obstacles::inTheHost);
  }

  private Optional<String> inTheSave() {
    if (!(save instanceof FixedSave fixed)) {
      return Optional.of(
          save.path()
              + " is a stream, whose pages have no fixed places: 'fixedram convert "
              + save.path()
              + " NEW --to mapped-ram' makes a file whose have"
              + REMEDY);
    }
    if (save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)) {
      return Optional.of(
          save.path() + " was saved under x-ignore-shared, without all of its memory" + REMEDY);
    }
    long bytes = fixed.deviceState().sectionsBytes();
    if (bytes > PostcopyEncoder.MOST_SECTIONS_BYTES) {
      return Optional.of(
          save.path()
              + " has more device state ("
              + bytes
              + " bytes) than QEMU takes before the memory"
              + REMEDY);
    }
    return save.header().blocks().list().stream()
        .filter(block -> block.pageSize().isPresent())
        .findFirst()
        .map(block -> hugePages(block.name(), block.pageSize().getAsLong() + " bytes"));
  }

  /** QEMU lists its RAM blocks as text for people; what does not look as expected says nothing. */
  private Optional<String> inMemory() {
    return ifKnown("x-query-ramblock", Map.of())
        .flatMap(answer -> answer.findText("human-readable-text"))
        .flatMap(text -> {
          Matcher line = RAM_BLOCK.matcher(text);
          return line.results()
              .filter(each -> !each.group(2).equals(ORDINARY_PAGE))
              .findFirst()
              .map(each -> hugePages(each.group(1), each.group(2)));
        });
  }

  private static String hugePages(String block, String size) {
    return "RAM block "
        + block
        + " has pages of "
        + size
        + ", which a fixed-offset file cannot serve one by one: use a memory backend without huge"
        + " pages, or --via stream";
  }

  private Optional<String> inDevices() {
    return DEVICES.stream()
        .flatMap(path -> ifKnown("qom-list", Map.of("path", path)).stream())
        .flatMap(list -> list.items().stream())
        .flatMap(each -> each.findText("type").stream())
        .flatMap(LazyObstacles::deviceType)
        .filter(type -> type.startsWith("vfio-") || type.startsWith("vhost-user-"))
        .findFirst()
        .map(type ->
            "the device "
                + type
                + " has another process or the hardware use guest memory, which must be there then"
                + REMEDY);
  }

  private static Stream<String> deviceType(String type) {
    return type.startsWith("child<") && type.endsWith(">")
        ? Stream.of(type.substring("child<".length(), type.length() - 1))
        : Stream.empty();
  }

  /** Has QEMU try: only it knows whether it may use userfaultfd, and on what. */
  private Optional<String> inTheHost() {
    MigrationSettings settings = new MigrationSettings(migration.qmp());
    try {
      settings.setPlainStream();
      settings.setCapabilities(Map.of(POSTCOPY, true));
      return Optional.empty();
    } catch (QmpException e) {
      return Optional.of(
          "QEMU cannot take pages one by one ("
              + e.description()
              + "): allow it userfaultfd by 'sysctl vm.unprivileged_userfaultfd=1' or access to"
              + " /dev/userfaultfd, if its own output does not name another reason; --via stream"
              + " works without");
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
