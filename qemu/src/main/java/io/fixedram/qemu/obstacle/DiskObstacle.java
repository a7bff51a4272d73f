// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import java.nio.file.Path;
import java.util.List;

/**
 * Reason why a save can't take snapshots of the guest's disks, or a restore can't give the guest
 * overlays over them.
 */
public sealed interface DiskObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /**
   * A disk can't have an overlay.
   *
   * @param drive name of the drive
   * @param file file or address of the image
   */
  record NoOverlay(String drive, String file, Kind kind) implements DiskObstacle {
    @Override
    public String sentence() {
      return "the disk "
          + file
          + (drive.isEmpty() ? "" : " (" + drive + ")")
          + " can't have a snapshot: "
          + kind.clause;
    }

    @Override
    public List<Remedy> remedies() {
      return kind == Kind.NO_PLACE ? List.of(Remedy.NAME_OVERLAY_DIRECTORY) : List.of();
    }
  }

  /** Kinds of disks that can't have an overlay. */
  enum Kind {
    /** A device or a network disk, which has no directory of images. */
    NO_PLACE("it is no file, so that there is no directory for its overlay"),
    /** The image has no name by which another QEMU could open it. */
    NO_NAME(
        "it was opened by a descriptor, an unknown path or options that a name can't express, so"
            + " that no overlay can name it"),
    /** The image is encrypted. */
    ENCRYPTED("it is encrypted, and an overlay has no place for its key"),
    /** The uppermost node is a filter or of a kind that has no file. */
    OTHER_NODE("its uppermost block node is no image"),
    /** The guest's commands go to the device itself. */
    PASSED_THROUGH("the guest's commands are passed to the device (scsi-block, scsi-generic)");

    private final String clause;

    Kind(String clause) {
      this.clause = clause;
    }
  }

  /** The guest belongs to libvirt, which knows nothing of overlays that others make. */
  record ManagedByLibvirt() implements DiskObstacle {
    @Override
    public String sentence() {
      return "the guest is one of libvirt, which would start it with its old images again: take the"
          + " snapshot with libvirt (virsh snapshot-create-as --disk-only) while it is paused";
    }
  }

  /**
   * An overlay could not be made.
   *
   * @param file file of the overlay
   * @param failure the reason
   */
  record OverlayNotMade(Path file, FixedRamException failure) implements DiskObstacle {
    @Override
    public String sentence() {
      return "the overlay " + file + " can't be used: " + failure.sentence();
    }
  }

  /**
   * QEMU did not put the overlays on the disks.
   *
   * @param failure QEMU's reason
   */
  record SnapshotRefused(FixedRamException failure) implements DiskObstacle {
    @Override
    public String sentence() {
      return "QEMU did not take a snapshot of the disks: " + failure.sentence();
    }
  }

  /** The save has no manifest that lists its disks. */
  record DisksNotKnown(String save) implements DiskObstacle {
    @Override
    public String sentence() {
      return save
          + " has no manifest with the disks of its guest, so that overlays can't be made over them";
    }
  }

  /**
   * An option of QEMU's command can't be given an overlay.
   *
   * @param option the option with the beginning of its value
   * @param why the reason, a clause
   */
  record OptionNotRewritable(String option, String why) implements DiskObstacle {
    @Override
    public String sentence() {
      return "'" + option + "' can't be given an overlay: " + why;
    }
  }

  /**
   * A disk of QEMU's command is none of the save.
   *
   * @param option the option with the beginning of its value
   * @param saved files of the save's disks
   */
  record NotOfTheSave(String option, String save, List<String> saved) implements DiskObstacle {
    /** Copies the list. */
    public NotOfTheSave {
      saved = List.copyOf(saved);
    }

    @Override
    public String sentence() {
      return "'"
          + option
          + "' is no disk of the guest in "
          + save
          + (saved.isEmpty()
              ? ", which has none"
              : ", whose disks are " + String.join(", ", saved));
    }
  }

  /** The image that belongs to a save is not there. */
  record ImageMissing(String save, String image) implements DiskObstacle {
    @Override
    public String sentence() {
      return "the image " + image + ", which belongs to " + save + ", is not there";
    }
  }
}
