// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * Reason why the memory of a QEMU can't be read or written in place (save and restore mode memory),
 * although other modes may be possible: access to its process ({@link ProcessObstacle}), the state
 * of its devices ({@link DeviceStateObstacle}), or its RAM blocks. A QEMU that can't load the save
 * in any mode has a {@link LoadObstacle}.
 */
public sealed interface MemoryObstacle extends Obstacle
    permits DeviceStateObstacle,
        ProcessObstacle,
        MemoryObstacle.OtherFailure,
        MemoryObstacle.SequentialSave,
        MemoryObstacle.NoCpu,
        MemoryObstacle.BlocksNotListed,
        MemoryObstacle.BlockRecords,
        MemoryObstacle.BlockSeenElsewhere,
        MemoryObstacle.BlocksOverlap,
        MemoryObstacle.NoBlockSeen,
        MemoryObstacle.BlockNotMapped,
        MemoryObstacle.BlockNotReadable,
        MemoryObstacle.BlockNotInSave,
        MemoryObstacle.ReadOnlyBlock,
        MemoryObstacle.NotResident,
        MemoryObstacle.OtherTarget,
        MemoryObstacle.LongDowntime,
        MemoryObstacle.SlowDisk,
        MemoryObstacle.GuestChanged,
        MemoryObstacle.NoDescription,
        MemoryObstacle.SharedMemoryLeftOut {
  @Override
  default List<Remedy> remedies() {
    return List.of(Remedy.USE_STREAM);
  }

  /** The obstacle that a failure describes. */
  static MemoryObstacle of(FixedRamException failure) {
    return failure instanceof ObstacleException told && told.obstacle() instanceof MemoryObstacle of
        ? of
        : new OtherFailure(failure);
  }

  /** An attempt to access the memory failed; other modes may work. */
  record OtherFailure(FixedRamException failure) implements MemoryObstacle {
    @Override
    public String sentence() {
      return failure.sentence();
    }

    @Override
    public List<Remedy> remedies() {
      return failure.remedies();
    }
  }

  /** The save to restore is a stream, or does not support random access. */
  record SequentialSave(String save) implements MemoryObstacle {
    @Override
    public String sentence() {
      return save + " is a stream, whose pages have no fixed places";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM);
    }
  }

  /** QEMU has no vCPU, and therefore no guest memory. */
  record NoCpu(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " has no CPU";
    }
  }

  /** QEMU's list of RAM blocks has an unknown format. */
  record BlocksNotListed(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " lists its RAM blocks in an unknown format";
    }
  }

  /**
   * This QEMU does not list the addresses of its RAM blocks, and QEMU's record of a block was not
   * found, or in several places.
   *
   * @param found number of places
   */
  record BlockRecords(String block, int found) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notLocated(block)
          + "its record was found "
          + (found == 0 ? "nowhere" : found + " times")
          + "; QEMU 8.0 and later report it";
    }
  }

  /**
   * The guest sees a RAM block at another address than the listed or found one.
   *
   * @param address the address that the guest sees
   */
  record BlockSeenElsewhere(String block, long address) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notLocated(block)
          + "the guest sees it at address "
          + Long.toHexString(address)
          + ", which is not where it was found";
    }
  }

  /**
   * Two RAM blocks have the same address.
   *
   * @param other the other block
   */
  record BlocksOverlap(String block, String other) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notLocated(block) + other + " is there";
    }
  }

  private static String notLocated(String block) {
    return "the address of RAM block " + block + " in QEMU's memory can't be determined: ";
  }

  /** No RAM block is visible for the guest, which is needed to verify addresses. */
  record NoBlockSeen() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the addresses of the RAM blocks in QEMU's memory can't be verified: none of them is"
          + " visible to the guest";
    }
  }

  /** QEMU has nothing at some addresses of a RAM block. */
  record BlockNotMapped(String block) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notReadable(block) + "not all of it is mapped";
    }
  }

  /**
   * The memory of a RAM block is not readable, or a device's.
   *
   * @param permissions permissions of the mapping in /proc/PID/maps
   */
  record BlockNotReadable(String block, String permissions) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notReadable(block) + "it is not readable memory (" + permissions + ")";
    }
  }

  private static String notReadable(String block) {
    return "RAM block " + block + " can't be read in QEMU's memory: ";
  }

  /** QEMU has a RAM block that the saved guest does not have. */
  record BlockNotInSave(String block) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "this QEMU has RAM block "
          + block
          + ", which the saved guest does not have: start it with the memory and devices of that"
          + " guest";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /**
   * The memory of a RAM block is not writable.
   *
   * @param permissions permissions of the mapping in /proc/PID/maps
   */
  record ReadOnlyBlock(String block, String permissions) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " can't be written in QEMU's memory ("
          + permissions
          + "): its backend is read-only";
    }
  }

  /** The guest was restored and not all of its memory has arrived yet. */
  record NotResident(String block) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " has pages that have not arrived yet, since the guest was restored and runs before all"
          + " of its memory is there; wait until it is";
    }
  }

  /**
   * The page size of the target is unknown.
   *
   * @param target the target in QMP's spelling
   */
  record OtherTarget(String target) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the size of target pages is known only for x86, and this QEMU's target is " + target;
    }
  }

  /**
   * The guest would be stopped for too long to be saved in place while it runs.
   *
   * @param predicted expected downtime
   * @param limit maximum downtime
   */
  record LongDowntime(Duration predicted, Duration limit) implements MemoryObstacle {
    @Override
    public String sentence() {
      return String.format(
          Locale.ROOT,
          "the guest would be stopped for about %.3f s, more than the maximum of %.3f s",
          predicted.toNanos() / 1e9,
          limit.toNanos() / 1e9);
    }
  }

  /**
   * The stopped guest waited for the disk for too long, so its live save was given up and it was
   * resumed.
   *
   * @param limit the longest wait
   */
  record SlowDisk(Duration limit) implements MemoryObstacle {
    @Override
    public String sentence() {
      return String.format(
          Locale.ROOT,
          "the stopped guest waited more than %.3f s for the disk to take its changed pages, so"
              + " the save was given up and the guest let run; with more memory for copies of them"
              + " it waits less",
          limit.toNanos() / 1e9);
    }
  }

  /**
   * Another client of QEMU changed the guest, which was stopped for its save, before all of it was
   * read.
   *
   * @param reset whether the guest was reset; otherwise it was resumed
   */
  record GuestChanged(boolean reset) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "another client of QEMU "
          + (reset ? "reset the guest" : "let the guest run")
          + " while its memory was read; save it again";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /** The save is to contain the description of the device state, which only a migration has. */
  record NoDescription() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "QEMU describes its device state only when it sends it";
    }
  }

  /** The save to restore was made under x-ignore-shared, which leaves memory out. */
  record SharedMemoryLeftOut(String save) implements MemoryObstacle {
    @Override
    public String sentence() {
      return save + " was saved under x-ignore-shared, without all of its memory";
    }
  }
}
