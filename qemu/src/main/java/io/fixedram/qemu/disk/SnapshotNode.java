// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.manifest.DiskFacts;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.DiskObstacle.Kind;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The uppermost block node of a disk that the guest can write to, over which an overlay is put.
 *
 * @param drive name of the drive, or path of its device in QEMU's object tree
 * @param node name of the node
 * @param image absolute path or address of its image
 * @param format format of the image
 * @param bytes size of the disk
 * @param direct whether QEMU bypasses the host's page cache
 * @param noFlush whether QEMU ignores the guest's requests to write caches back
 * @param detectZeroes what QEMU does with zeros that the guest writes: off, on or unmap
 */
record SnapshotNode(
    String drive,
    String node,
    String image,
    String format,
    long bytes,
    boolean direct,
    boolean noFlush,
    String detectZeroes) {
  /** Formats of images that can be below an overlay. */
  private static final Set<String> FORMATS =
      Set.of("qcow2", "raw", "qcow", "qed", "vdi", "vmdk", "vpc", "vhdx", "parallels");

  /** Drivers of files and devices, which have the content of a disk without a format. */
  private static final Set<String> PROTOCOLS =
      Set.of("file", "host_device", "nbd", "rbd", "iscsi", "ssh", "nfs");

  /** Options of an image that its name can't express, besides other files of it. */
  private static final Set<String> OPTIONS = Set.of("offset", "size", "encrypt", "data-file");

  private static final String JSON = "json:";

  /**
   * Reads one entry of query-block.
   *
   * @param directory directory to which QEMU's relative paths refer; empty if it is not known
   * @param placed whether a directory for overlays is given
   * @return the node; empty if there is no medium, the guest can't write to it, or what it writes
   *     is not kept anyway (snapshot=on)
   * @throws ObstacleException if the disk can't have an overlay
   */
  static Optional<SnapshotNode> of(Json drive, Optional<Path> directory, boolean placed) {
    return drive
        .find("inserted")
        .filter(each -> !each.get("ro").flag())
        .filter(each -> !DiskFacts.isTemporary(DiskFacts.plain(each.findText("file").orElse(""))))
        .map(medium -> read(drive, medium, directory, placed));
  }

  private static SnapshotNode read(
      Json drive, Json medium, Optional<Path> directory, boolean placed) {
    String name =
        drive
            .findText("device")
            .filter(each -> !each.isEmpty())
            .or(() -> drive.findText("qdev"))
            .orElse("");
    String text = medium.findText("file").orElse("");
    String file = DiskFacts.plain(text);
    String driver = medium.findText("drv").orElse("");
    Json image = medium.get("image");
    if (!FORMATS.contains(driver) && !PROTOCOLS.contains(driver)) {
      throw cannot(name, file, driver.equals("luks") ? Kind.ENCRYPTED : Kind.OTHER_NODE);
    }
    if (medium.find("encrypted").map(Json::flag).orElse(false)) {
      throw cannot(name, file, Kind.ENCRYPTED);
    }
    if (file.isEmpty() || file.startsWith(JSON) || file.contains("/fdset/") || hasOptions(text)) {
      throw cannot(name, file, Kind.NO_NAME);
    }
    Optional<Path> path = file.contains("://") ? Optional.empty() : absolute(file, directory);
    if (path.isEmpty() && !file.contains(":")) {
      throw cannot(name, file, Kind.NO_NAME);
    }
    if (!placed && (path.isEmpty() || path.get().startsWith("/dev"))) {
      throw cannot(name, file, Kind.NO_PLACE);
    }
    Optional<Json> cache = medium.find("cache");
    return new SnapshotNode(
        name,
        medium.get("node-name").text(),
        path.map(Path::toString).orElse(file),
        FORMATS.contains(driver) ? driver : "raw",
        image.get("virtual-size").number(),
        cache.map(each -> each.get("direct").flag()).orElse(false),
        cache.map(each -> each.get("no-flush").flag()).orElse(false),
        medium.findText("detect_zeroes").orElse("off"));
  }

  /** The arguments of QMP's blockdev-add for an overlay, which gets the image below later. */
  Map<String, Object> overlay(String name, Path file) {
    Map<String, Object> cache = Map.of("direct", direct, "no-flush", noFlush);
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("driver", "qcow2");
    arguments.put("node-name", name);
    arguments.put("backing", null);
    arguments.put("cache", cache);
    arguments.put("detect-zeroes", detectZeroes);
    if (detectZeroes.equals("unmap")) {
      arguments.put("discard", "unmap");
    }
    arguments.put("file", Map.of("driver", "file", "filename", file.toString(), "cache", cache));
    return arguments;
  }

  private static Optional<Path> absolute(String file, Optional<Path> directory) {
    try {
      Path path = directory.orElse(Path.of("")).resolve(file);
      // An address such as rbd:pool/image looks like a relative path.
      boolean named = file.startsWith("/") || !file.contains(":") || Files.exists(path);
      return Optional.of(path).filter(each -> each.isAbsolute() && named);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static boolean hasOptions(String text) {
    if (!text.startsWith(JSON)) {
      return false;
    }
    try {
      return Json.parse(text.substring(JSON.length())).members().keySet().stream()
          .anyMatch(OPTIONS::contains);
    } catch (FixedRamException e) {
      return true;
    }
  }

  private static ObstacleException cannot(String drive, String file, Kind kind) {
    return new ObstacleException(new DiskObstacle.NoOverlay(drive, file, kind));
  }
}
