// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.command.QemuCommandLine.Option;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Rewrites a QEMU command so that each disk that the guest can write to is a new overlay over the
 * image that belongs to a save. Everything else of the command stays as it is; disks in forms that
 * are not known are refused.
 */
public final class OverlayCommand {
  /** Options whose value is an image, and whose format QEMU detects. */
  private static final Set<String> IMAGES =
      Set.of("hda", "hdb", "hdc", "hdd", "fda", "fdb", "mtdblock", "sd", "pflash");

  /** Formats whose image can be replaced by an overlay over it. */
  private static final Set<String> FORMATS =
      Set.of("qcow2", "raw", "qcow", "qed", "vdi", "vmdk", "vpc", "vhdx", "parallels");

  private static final Set<String> FILES = Set.of("file", "host_device");

  /** Nodes without an image that a guest's data could be in. */
  private static final Set<String> EMPTY = Set.of("null-co", "null-aio");

  /** Nodes that pass on what another node, given by its name, has. */
  private static final Set<String> FILTERS = Set.of("throttle", "copy-on-read", "compress");

  /** Properties that an overlay has no equivalent for. */
  private static final Set<String> REFUSED =
      Set.of(
          "backing",
          "data-file",
          "encrypt",
          "key-secret",
          "offset",
          "size",
          "file.file",
          "file.offset",
          "file.size");

  /** Properties of a file's node that are also those of an image's node. */
  private static final Set<String> SHARED =
      Set.of("node-name", "detect-zeroes", "read-only", "auto-read-only", "force-share");

  private static final int MAX_SHOWN = 80;

  private final QemuCommandLine command;
  private final SavedImages images;
  private final OverlayFiles files;
  private final List<String> words;

  /** Options with nodes, by the nodes' names. */
  private final Map<String, Option> named = new LinkedHashMap<>();

  private OverlayCommand(QemuCommandLine command, SavedImages images, OverlayFiles files) {
    this.command = command;
    this.images = images;
    this.files = files;
    this.words = new ArrayList<>(command.words());
  }

  /**
   * Makes the overlays, and rewrites a command.
   *
   * @param save name of the save
   * @param files makes the overlays; also has those that were made before a failure
   * @throws ObstacleException if a disk of the command is not one of the save, or given in a form
   *     that can't be rewritten
   */
  public static QemuCommandLine rewritten(
      QemuCommandLine command, String save, Manifest manifest, OverlayFiles files) {
    if (command.program().isEmpty()) {
      throw new ObstacleException(new CommandObstacle.NoQemuProgram());
    }
    OverlayCommand rewriting = new OverlayCommand(command, SavedImages.of(save, manifest), files);
    rewriting.rewrite();
    return QemuCommandLine.of(rewriting.words);
  }

  private void rewrite() {
    for (String name : List.of("readconfig", "set", "snapshot")) {
      command
          .all(name)
          .findFirst()
          .ifPresent(option -> {
            throw cannot(
                option,
                switch (name) {
                  case "snapshot" -> "what is written to any disk is dropped with it; remove it";
                  case "set" ->
                      "it may change the image of a disk; write the setting with the disk";
                  default -> "options in a file can't be rewritten; write them on the command line";
                });
          });
    }
    command
        .all("blockdev")
        .forEach(option ->
            options(option, "driver").find("node-name").ifPresent(name -> named.put(name, option)));
    for (Option option : command.options()) {
      if (IMAGES.contains(option.name()) && option.valueIndex().isPresent()) {
        set(option, overlay(option, option.value()));
      } else if (option.name().equals("drive")) {
        drive(option);
      } else if (option.name().equals("blockdev")) {
        blockdev(option);
      }
    }
    for (int index : command.images()) {
      words.set(index, overlay(words.get(index), words.get(index)));
    }
  }

  private void drive(Option option) {
    BlockOptions value = options(option, "file");
    boolean kept =
        value.isOn("snapshot")
            || value.isOn("readonly")
            || value.isOn("read-only")
            || value.find("media").filter("cdrom"::equals).isPresent();
    String given = value.find("file").or(() -> value.find("file.filename")).orElse("");
    if (kept || (given.isEmpty() && value.find("filename").isEmpty())) {
      return;
    }
    requireSimple(option, value);
    String overlay = overlay(option, given.isEmpty() ? value.find("filename").orElse("") : given);
    boolean nested = value.find("file.filename").isPresent();
    List.of("driver", "filename", "file.driver").forEach(value::remove);
    value.put("format", "qcow2");
    value.put(nested ? "file.filename" : "file", overlay);
    set(option, value.text());
  }

  private void blockdev(Option option) {
    BlockOptions value = options(option, "driver");
    String driver = value.find("driver").orElse("");
    if (value.isOn("read-only") || EMPTY.contains(driver)) {
      return;
    }
    if (FORMATS.contains(driver)) {
      format(option, value);
    } else if (FILES.contains(driver)) {
      if (!isBelowAnother(value)) {
        file(option, value);
      }
    } else if (!FILTERS.contains(driver) || value.find("file").isEmpty()) {
      throw cannot(option, "its driver is '" + driver + "'");
    }
  }

  /** An image whose file is a part of the same option, or a node of another one. */
  private void format(Option option, BlockOptions value) {
    requireSimple(option, value);
    Optional<String> node = value.find("file");
    String overlay;
    if (node.isPresent()) {
      Option below =
          Optional.ofNullable(named.get(node.get()))
              .orElseThrow(() -> cannot(option, "no -blockdev has the node " + node.get()));
      BlockOptions file = options(below, "driver");
      requireFile(option, file.find("driver"));
      overlay = overlay(option, file.find("filename").orElse(""));
      file.put("driver", "file");
      file.put("filename", overlay);
      set(below, file.text());
    } else {
      requireFile(option, value.find("file.driver"));
      overlay = overlay(option, value.find("file.filename").orElse(""));
      value.put("file.driver", "file");
      value.put("file.filename", overlay);
    }
    value.put("driver", "qcow2");
    set(option, value.text());
  }

  /** A file without a format, which the guest uses as it is. */
  private void file(Option option, BlockOptions value) {
    BlockOptions image = BlockOptions.parse("driver=qcow2", "driver");
    for (String key : value.keys()) {
      String text = value.find(key).orElse("");
      boolean both = key.startsWith("cache.") || key.equals("discard");
      if (SHARED.contains(key) || both) {
        image.put(key, text);
      }
      if (!SHARED.contains(key)) {
        image.put("file." + key, text);
      }
    }
    requireSimple(option, image);
    image.put("file.driver", "file");
    image.put("file.filename", overlay(option, value.find("filename").orElse("")));
    set(option, image.text());
  }

  private boolean isBelowAnother(BlockOptions file) {
    Optional<String> name = file.find("node-name");
    return name.isPresent()
        && command
            .all("blockdev")
            .map(other -> options(other, "driver"))
            .anyMatch(
                other -> other.find("file").equals(name) || other.find("backing").equals(name));
  }

  private void requireSimple(Option option, BlockOptions value) {
    value
        .firstOf(REFUSED)
        .filter(key -> !value.find(key).filter(String::isEmpty).isPresent())
        .ifPresent(key -> {
          throw cannot(option, "it has " + key);
        });
    value.remove("backing");
  }

  private static void requireFile(Option option, Optional<String> driver) {
    if (driver.filter(FILES::contains).isEmpty()) {
      throw cannot(option, "its file is not one of a file system, or a device");
    }
  }

  private String overlay(Option option, String file) {
    return overlay(shown(option), file);
  }

  private String overlay(String option, String file) {
    if (file.startsWith("json:") || file.contains("/fdset/")) {
      throw new ObstacleException(
          new DiskObstacle.OptionNotRewritable(option, "its file is no name of a file"));
    }
    SavedImages.Image image = images.find(option, file);
    String format = FORMATS.contains(image.disk().format()) ? image.disk().format() : "raw";
    return files.make(image.disk().drive(), image.file(), format, image.disk().bytes()).toString();
  }

  private void set(Option option, String value) {
    words.set(option.valueIndex().orElseThrow(), value);
  }

  private static BlockOptions options(Option option, String firstKey) {
    try {
      return BlockOptions.parse(option.value(), firstKey);
    } catch (NotInstantException e) {
      throw cannot(option, "it is no valid JSON");
    }
  }

  private static ObstacleException cannot(Option option, String why) {
    return new ObstacleException(new DiskObstacle.OptionNotRewritable(shown(option), why));
  }

  private static String shown(Option option) {
    String text = "-" + option.name() + " " + option.value();
    return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
  }
}
