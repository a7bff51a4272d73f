// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The disks of a guest: media that are in its drives.
 *
 * @param list disks in QEMU's order
 */
public record DiskFacts(List<Disk> list) {
  /** Prefix of a description that is not a name. */
  private static final String JSON = "json:";

  /** QEMU's name of a temporary file, which it deletes at once. */
  private static final Pattern TEMPORARY = Pattern.compile(".*/vl\\.[A-Za-z0-9]{6}");

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
   * @param hostFile the file on this host; empty if it, or one of the files that have other parts
   *     of the content, is not a regular file that can be looked at
   * @param below files of the images below, from top to bottom
   * @param chain files or addresses of the images below in QEMU's words, from top to bottom
   * @param overlay file of the overlay that a snapshot at the time of the save put over the image,
   *     so that the guest did not write to the image from then on
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
      Optional<HostFile> hostFile,
      List<HostFile> below,
      List<String> chain,
      Optional<String> overlay) {
    /** Copies the list. */
    public Disk {
      snapshots = List.copyOf(snapshots);
      below = List.copyOf(below);
      chain = List.copyOf(chain);
    }

    /** The disk of a save that has put an overlay over it. */
    Disk under(String file) {
      return new Disk(
          drive,
          node,
          this.file,
          format,
          bytes,
          readOnly,
          backing,
          snapshots,
          hostFile,
          below,
          chain,
          Optional.of(file));
    }

    /** Whether the drive has a name or a device with an id, so that it can be found again. */
    boolean isNamed() {
      return !drive.isEmpty()
          && (!drive.startsWith("/") || drive.startsWith("/machine/peripheral/"));
    }

    /** Whether the disk is an overlay that is deleted when QEMU ends (snapshot=on). */
    public boolean temporary() {
      return hostFile.isEmpty() && isTemporary(file);
    }
  }

  /** Whether a file has the name of an overlay that QEMU deletes at once (snapshot=on). */
  public static boolean isTemporary(String file) {
    return TEMPORARY.matcher(file).matches();
  }

  /** A copy in which user information in addresses of images is masked. */
  DiskFacts masked() {
    return new DiskFacts(
        list.stream()
            .map(each ->
                new Disk(
                    each.drive(),
                    each.node(),
                    SecretWords.masked(List.of(each.file())).getFirst(),
                    each.format(),
                    each.bytes(),
                    each.readOnly(),
                    each.backing().map(file -> SecretWords.masked(List.of(file)).getFirst()),
                    each.snapshots(),
                    each.hostFile(),
                    each.below(),
                    SecretWords.masked(each.chain()),
                    each.overlay()))
            .toList());
  }

  /**
   * Queries a QEMU.
   *
   * @param directory directory to which QEMU's relative paths refer; empty if it is not known
   * @param overlays files of empty overlays over images; the facts are those of the images
   */
  static DiskFacts ask(QmpClient qmp, Optional<Path> directory, Set<String> overlays) {
    return new DiskFacts(
        qmp.executeIfKnown("query-block", Map.of()).stream()
            .flatMap(drives -> drives.items().stream())
            .flatMap(drive ->
                drive.find("inserted").stream()
                    .map(medium -> disk(qmp, drive, medium, directory, overlays)))
            .toList());
  }

  private static Disk disk(
      QmpClient qmp, Json drive, Json medium, Optional<Path> directory, Set<String> overlays) {
    String file = medium.findText("file").map(DiskFacts::plain).orElse("");
    Json image = medium.get("image");
    Optional<Json> below = image.find("backing-image").filter(_ -> overlays.contains(file));
    return below.isEmpty()
        ? disk(qmp, drive, medium, image, file, directory)
        : disk(qmp, drive, medium, below.get(), fileOf(below.get()), directory).under(file);
  }

  private static Disk disk(
      QmpClient qmp, Json drive, Json medium, Json image, String file, Optional<Path> directory) {
    List<String> chain = chain(image);
    List<Optional<HostFile>> below =
        qmp.canPassDescriptors()
            ? chain.stream().map(each -> HostFile.of(directory, each)).toList()
            : List.of(Optional.empty());
    boolean known = below.stream().allMatch(Optional::isPresent) && !hasOtherFile(image);
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
        known ? HostFile.of(directory, file) : Optional.empty(),
        known ? below.stream().flatMap(Optional::stream).toList() : List.of(),
        chain,
        Optional.empty());
  }

  /** The files of the images below an image. */
  private static List<String> chain(Json image) {
    List<String> files = new ArrayList<>();
    Optional<Json> next = image.find("backing-image");
    while (next.isPresent()) {
      files.add(fileOf(next.get()));
      next = next.get().find("backing-image");
    }
    return files;
  }

  private static String fileOf(Json image) {
    return image.findText("filename").map(DiskFacts::plain).orElse("");
  }

  /** Whether a part of the content is in a file of its own (qcow2's data file). */
  private static boolean hasOtherFile(Json image) {
    return image
        .find("format-specific")
        .flatMap(format -> format.find("data"))
        .flatMap(data -> data.find("data-file"))
        .isPresent();
  }

  /**
   * The file of an image that QEMU describes as a JSON object, since it has options that a name
   * can't express; the text itself if it is none, or has no file.
   */
  public static String plain(String text) {
    if (!text.startsWith(JSON)) {
      return text;
    }
    try {
      Optional<Json> node = Optional.of(Json.parse(text.substring(JSON.length())));
      while (node.flatMap(each -> each.find("file")).isPresent()) {
        node = node.flatMap(each -> each.find("file"));
      }
      return node.flatMap(each -> each.findText("filename")).orElse(text);
    } catch (FixedRamException e) {
      return text;
    }
  }
}
