// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The disks of a guest: media that are in its drives.
 *
 * @param list disks in QEMU's order
 */
public record DiskFacts(List<Disk> list) {
  /** Copies the list. */
  public DiskFacts {
    list = List.copyOf(list);
  }

  /**
   * A disk.
   *
   * @param drive name of the drive, or path of its device in QEMU's object tree
   * @param node name of the top block node
   * @param file file or address of the image in QEMU's words
   * @param format format of the image: {@code qcow2}, {@code raw}
   * @param bytes size of the disk for the guest
   * @param readOnly whether the guest can't write to it
   * @param backing file of the image below, if the format has one
   * @param snapshots internal snapshots of the image, as id and name
   * @param hostFile the file on this host; empty if it is not a regular file that can be looked at
   */
  public record Disk(
      String drive,
      String node,
      String file,
      String format,
      long bytes,
      boolean readOnly,
      Optional<String> backing,
      List<String> snapshots,
      Optional<HostFile> hostFile) {
    /** Copies the list. */
    public Disk {
      snapshots = List.copyOf(snapshots);
    }
  }

  /**
   * Queries a QEMU.
   *
   * @param directory directory to which QEMU's relative paths refer; empty if it is not known
   */
  static DiskFacts ask(QmpClient qmp, Optional<Path> directory) {
    return new DiskFacts(
        qmp.executeIfKnown("query-block", Map.of()).stream()
            .flatMap(drives -> drives.items().stream())
            .flatMap(drive ->
                drive.find("inserted").stream().map(medium -> disk(qmp, drive, medium, directory)))
            .toList());
  }

  private static Disk disk(QmpClient qmp, Json drive, Json medium, Optional<Path> directory) {
    String file = medium.findText("file").orElse("");
    Json image = medium.get("image");
    return new Disk(
        drive
            .findText("device")
            .filter(name -> !name.isEmpty())
            .or(() -> drive.findText("qdev"))
            .orElse(""),
        medium.findText("node-name").orElse(""),
        file,
        image.findText("format").orElse(MachineFacts.UNKNOWN),
        image.findNumber("virtual-size").orElse(0),
        medium.find("ro").map(Json::flag).orElse(false),
        image.findText("backing-filename"),
        image.find("snapshots").map(Json::items).orElse(List.of()).stream()
            .map(each -> each.findText("id").orElse("") + " " + each.findText("name").orElse(""))
            .toList(),
        qmp.canPassDescriptors() ? HostFile.of(directory, file) : Optional.empty());
  }
}
