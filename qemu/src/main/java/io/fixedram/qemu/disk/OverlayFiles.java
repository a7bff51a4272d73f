// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.manifest.DiskOverlay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Overlays that were made for one save or restore, and that are deleted on close unless they are to
 * be kept. Not thread-safe.
 */
public final class OverlayFiles implements AutoCloseable {
  private static final int MAX_NUMBER = 1_000_000;

  private final OverlayNames names;
  private final List<DiskOverlay> made = new ArrayList<>();
  private boolean kept;

  /** Prepares to make overlays with such names. */
  public OverlayFiles(OverlayNames names) {
    this.names = names;
  }

  /** The overlays that were made. */
  public List<DiskOverlay> made() {
    return List.copyOf(made);
  }

  /**
   * Makes an empty overlay.
   *
   * @param drive name of the drive, for the list
   * @param image the image below: an absolute path, or an address if the names have a directory
   * @param format format of the image
   * @param bytes size of the disk
   * @return the file
   * @throws FixedRamException if it can't be made
   */
  Path make(String drive, String image, String format, long bytes) {
    Path directory =
        names
            .directory()
            .or(() -> Optional.ofNullable(Path.of(image).getParent()))
            .orElse(Path.of(""))
            .toAbsolutePath()
            .normalize();
    for (int number = 1; number < MAX_NUMBER; number++) {
      Path file = directory.resolve(names.name(image, number));
      if (!Files.exists(file) && Qcow2Overlay.create(file, image, format, bytes)) {
        made.add(new DiskOverlay(drive, image, file.toString()));
        return file;
      }
    }
    throw new FixedRamException("no name is free for an overlay over " + image);
  }

  /** Keeps the overlays, since a guest writes to them from now on. */
  public void keep() {
    kept = true;
  }

  /** Takes {@link #keep} back: no guest writes to the overlays after all. */
  void drop() {
    kept = false;
  }

  /** Deletes the overlays unless they are to be kept; a file that can't be deleted stays. */
  @Override
  public void close() {
    if (kept) {
      return;
    }
    for (DiskOverlay overlay : made) {
      try {
        Files.deleteIfExists(Path.of(overlay.overlay()));
      } catch (IOException e) {
        // An empty image of a few kilobytes, which harms nobody.
      }
    }
    made.clear();
  }
}
