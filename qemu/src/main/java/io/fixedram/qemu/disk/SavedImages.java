// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.qemu.manifest.DiskFacts;
import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The images that belong to a save. A disk of a QEMU command is found by its file: the image
 * itself, one of the images below it or the overlay that was put over it, since the command of a
 * guest names the images that it was started with, whatever snapshots were taken since.
 */
final class SavedImages {
  private final String save;
  private final List<Disk> disks;
  private final Optional<Path> directory;

  /**
   * An image to put an overlay over.
   *
   * @param disk the saved disk
   * @param file absolute path or address of the image
   */
  record Image(Disk disk, String file) {}

  private SavedImages(String save, List<Disk> disks, Optional<Path> directory) {
    this.save = save;
    this.disks = disks;
    this.directory = directory;
  }

  /**
   * The images of a save.
   *
   * @param save name of the save
   */
  static SavedImages of(String save, Manifest manifest) {
    DiskFacts disks = manifest.guest().disks();
    return new SavedImages(
        save,
        disks.list().stream().filter(disk -> !disk.readOnly() && !disk.temporary()).toList(),
        manifest.guest().qemu().directory());
  }

  /**
   * The image for a disk of a command.
   *
   * @param option the option, for a failure
   * @param file the file or address that it names
   * @throws ObstacleException if it is no disk of the save, or its image is not there
   */
  Image find(String option, String file) {
    List<Disk> known = disks.stream().filter(each -> isSame(each.file(), file)).toList();
    if (known.isEmpty()) {
      known =
          disks.stream().filter(each -> names(each).anyMatch(name -> isSame(name, file))).toList();
    }
    if (known.isEmpty()) {
      known = copiesOf(file);
    }
    if (known.size() > 1) {
      throw new ObstacleException(
          new DiskObstacle.OptionNotRewritable(
              option,
              "several disks of "
                  + save
                  + " are over that image: name the images "
                  + files(known)));
    }
    if (known.isEmpty()) {
      throw new ObstacleException(
          new DiskObstacle.NotOfTheSave(option, save, disks.stream().map(Disk::file).toList()));
    }
    Disk disk = known.getFirst();
    boolean moved = names(disk).noneMatch(name -> isSame(name, file));
    String image = moved || isSame(disk.file(), file) ? absolute(file) : saved(disk.file());
    if (image.startsWith("/") && !Files.exists(Path.of(image))) {
      throw new ObstacleException(new DiskObstacle.ImageMissing(save, image));
    }
    return new Image(disk, image);
  }

  private static String files(List<Disk> disks) {
    return disks.stream().map(Disk::file).collect(Collectors.joining(", "));
  }

  private static Stream<String> names(Disk disk) {
    return Stream.of(Stream.of(disk.file()), disk.chain().stream(), disk.overlay().stream())
        .flatMap(each -> each);
  }

  /** Disks whose image is not where it was, and has the same name as a file of the command. */
  private List<Disk> copiesOf(String file) {
    return disks.stream()
        .filter(disk -> lastPart(disk.file()).equals(lastPart(file)))
        .filter(disk -> !exists(saved(disk.file())))
        .toList();
  }

  private static String lastPart(String file) {
    return file.substring(file.lastIndexOf('/') + 1);
  }

  /** Whether a name in the save and one in the command are the same file, or the same address. */
  private boolean isSame(String saved, String given) {
    if (saved.equals(given)) {
      return true;
    }
    try {
      return Files.isSameFile(Path.of(saved(saved)), Path.of(absolute(given)));
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }

  private static boolean exists(String file) {
    try {
      return Files.exists(Path.of(file));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** A name in the save, as a path from the root unless it is an address. */
  private String saved(String file) {
    return resolved(directory.orElse(Path.of("").toAbsolutePath()), file);
  }

  private static String absolute(String file) {
    return resolved(Path.of("").toAbsolutePath(), file);
  }

  private static String resolved(Path directory, String file) {
    if (file.contains("://")) {
      return file;
    }
    try {
      return directory.resolve(file).toString();
    } catch (InvalidPathException e) {
      return file;
    }
  }
}
