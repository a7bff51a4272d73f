// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.MapObstacle;
import java.nio.file.Path;
import java.util.List;

/**
 * Reason why a guest can't run on a mapping of its save (restore mode instant): the save or QEMU,
 * QEMU's command line ({@link CommandObstacle}), or a memory backend in it ({@link
 * BackendObstacle}).
 */
public sealed interface InstantObstacle extends Obstacle
    permits CommandObstacle,
        BackendObstacle,
        InstantObstacle.QemuRunsAlready,
        InstantObstacle.NotLocalFile,
        InstantObstacle.NoFixedPlaces,
        InstantObstacle.SharedMemoryLeftOut,
        InstantObstacle.SavedOnHugePages,
        InstantObstacle.NotMappable,
        InstantObstacle.NotHeld,
        InstantObstacle.SignatureNotKept,
        InstantObstacle.QemuNotKnown,
        InstantObstacle.QemuTooOld,
        InstantObstacle.NotMapped {

  @Override
  default List<Remedy> remedies() {
    return List.of(Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
  }

  /** QEMU runs already, but a save is mapped when QEMU starts. */
  record QemuRunsAlready() implements InstantObstacle {
    @Override
    public String sentence() {
      return "a save is mapped when QEMU starts, and this QEMU runs already";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.HAVE_QEMU_STARTED);
    }
  }

  /** The save is not a local file that QEMU could map. */
  record NotLocalFile(String save) implements InstantObstacle {
    @Override
    public String sentence() {
      return save + " is not a whole local file, which QEMU requires";
    }
  }

  /** The save is a stream, so that its pages can't be mapped. */
  record NoFixedPlaces(String save, SaveFormat format) implements InstantObstacle {
    @Override
    public String sentence() {
      return save + " is a " + format.text() + " file, whose pages have no places of their own";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM);
    }
  }

  /** The save was made under x-ignore-shared, which leaves memory out. */
  record SharedMemoryLeftOut(Path save) implements InstantObstacle {
    @Override
    public String sentence() {
      return save
          + " was saved under x-ignore-shared and does not hold the memory that the guest shared:"
          + " save it without";
    }
  }

  /**
   * A RAM block had huge pages when it was saved.
   *
   * @param pageBytes bytes of one of its pages
   */
  record SavedOnHugePages(String block, long pageBytes) implements InstantObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " had huge pages when it was saved, and a mapping of a file has none: save a guest"
          + " without them";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
    }
  }

  /** The pages of a block can't be mapped from the file. */
  record NotMappable(MapObstacle why) implements InstantObstacle {
    @Override
    public String sentence() {
      return why.sentence()
          + switch (why) {
            case MapObstacle.NoPlace _,
                MapObstacle.Elsewhere _,
                MapObstacle.Misaligned _,
                MapObstacle.StaleContent _ ->
                "";
            case MapObstacle.Refused _ -> "; copy it to another file system";
            case MapObstacle.TooManyZeros _ -> ": copy it with 'cp --sparse=always'";
          };
    }

    @Override
    public List<Remedy> remedies() {
      return switch (why) {
        case MapObstacle.NoPlace _,
            MapObstacle.Elsewhere _,
            MapObstacle.Misaligned _,
            MapObstacle.StaleContent _ ->
            List.of(Remedy.CONVERT_TO_MAPPED_RAM);
        case MapObstacle.Refused _, MapObstacle.TooManyZeros _ -> List.of();
      };
    }
  }

  /** The save can't be locked for a guest that runs on it. */
  record NotHeld(StorageException failure) implements InstantObstacle {
    @Override
    public String sentence() {
      return failure.sentence();
    }

    @Override
    public List<Remedy> remedies() {
      return failure.remedies();
    }
  }

  /**
   * QEMU would read the save itself, so that its signature proves nothing of what QEMU reads.
   *
   * @param why a clause
   */
  record SignatureNotKept(String save, String why) implements InstantObstacle {
    @Override
    public String sentence() {
      return "the signature of " + save + " would not hold: " + why;
    }
  }

  /** A program does not report the properties of its memory backends. */
  record QemuNotKnown(Path program) implements InstantObstacle {
    @Override
    public String sentence() {
      return program + " does not tell whether its memory backends can map a save";
    }
  }

  /** A QEMU program does not support a read-only file at an offset as RAM. */
  record QemuTooOld(Path program) implements InstantObstacle {
    @Override
    public String sentence() {
      return program + " can't have a mapping of a save as RAM, which requires QEMU 8.2";
    }
  }

  /** QEMU was started with mappings of the save, and did not come up or does not have them. */
  record NotMapped(Path save, FixedRamException failure) implements InstantObstacle {
    @Override
    public String sentence() {
      return "QEMU did not start with mappings of " + save + " as RAM: " + failure.sentence();
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.USE_STREAM);
    }
  }
}
