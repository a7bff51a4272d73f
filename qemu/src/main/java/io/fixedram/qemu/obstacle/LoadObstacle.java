// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.text.SizeText;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reason why a QEMU can't load a save, in any restore mode: it does not wait for a guest, or has
 * another machine than the saved guest.
 */
public sealed interface LoadObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** QEMU does not wait for a guest (any longer). */
  sealed interface NotReady extends LoadObstacle {
    /** Address of QEMU's QMP socket. */
    Endpoint qmp();

    /** The reason, as a clause whose subject is QEMU. */
    String clause();

    @Override
    default String sentence() {
      return "QEMU at " + qmp() + " " + clause() + ": start it with -incoming defer";
    }
  }

  /**
   * QEMU has a guest.
   *
   * @param state the state of its guest in QMP's spelling
   */
  record NotWaiting(Endpoint qmp, String state) implements NotReady {
    @Override
    public String clause() {
      return "does not wait for a guest (it is '" + state + "')";
    }
  }

  /**
   * QEMU loads a guest, or has failed to.
   *
   * @param status status of that migration in QMP's spelling
   */
  record LoadBegun(Endpoint qmp, String status) implements NotReady {
    @Override
    public String clause() {
      return "loads a guest, or has tried to (" + status + ")";
    }
  }

  /** QEMU was reset, and has written its firmware's tables to its memory. */
  record WasReset(Endpoint qmp) implements NotReady {
    @Override
    public String clause() {
      return "was reset by another client";
    }
  }

  /** QEMU stopped waiting, or was reset, while its memory was written. */
  record ChangedMeanwhile(NotReady now) implements LoadObstacle {
    @Override
    public String sentence() {
      return "QEMU at "
          + now.qmp()
          + " changed while its memory was written: it "
          + now.clause()
          + "; it is told to end";
    }
  }

  /**
   * The guest was saved in a state with which QEMU aborts.
   *
   * @param state state in QMP's spelling
   */
  record StateNotLoadable(String save, String state) implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds a guest in the state '"
          + state
          + "', which QEMU aborts over: save it anew while it runs or is paused";
    }
  }

  /**
   * QEMU has another machine type.
   *
   * @param saved machine type of the saved guest
   * @param found machine type of QEMU
   */
  record OtherMachine(String save, String saved, String found) implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds a guest of the machine type "
          + saved
          + ", but this QEMU has "
          + found
          + ": start it with -machine "
          + saved;
    }
  }

  /**
   * QEMU has another size of main memory.
   *
   * @param savedBytes size in the save
   * @param foundBytes size in QEMU
   */
  record OtherMemorySize(String save, long savedBytes, long foundBytes) implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds a guest with "
          + SizeText.words(savedBytes)
          + " of RAM, but this QEMU has "
          + SizeText.words(foundBytes)
          + ": start it with -m "
          + SizeText.option(savedBytes);
    }
  }

  /**
   * QEMU does not have a RAM block of the saved guest.
   *
   * @param bytes length of the block in the save
   */
  record BlockMissing(String save, String block, long bytes) implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds RAM block "
          + block
          + " ("
          + SizeText.words(bytes)
          + "), which this QEMU does not have: start it with the memory backends and devices of the"
          + " saved guest, under the same names and addresses";
    }
  }

  /**
   * A RAM block has another length in QEMU, and can't be resized.
   *
   * @param savedBytes length of the block in the save
   * @param foundBytes length of the block in QEMU
   */
  record OtherLength(String save, String block, long savedBytes, long foundBytes)
      implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds "
          + SizeText.words(savedBytes)
          + " of RAM block "
          + block
          + ", but this QEMU has "
          + SizeText.words(foundBytes)
          + " of it: start it with the memory, devices and firmware of the saved guest";
    }
  }

  /**
   * QEMU has no device at a PCI address where the saved guest has one.
   *
   * @param device name of the device's section in the save
   * @param address bus, slot and function, such as 00:04.0
   */
  record DeviceMissing(String save, String device, String address) implements LoadObstacle {
    @Override
    public String sentence() {
      return save
          + " holds the state of the device "
          + device
          + " at PCI address "
          + address
          + ", where this QEMU has none: start it with the devices of the saved guest, at the same"
          + " addresses";
    }
  }

  /**
   * QEMU can't lock a disk, because another process uses it, often the QEMU of the saved guest.
   *
   * @param failure QEMU's failure
   */
  record DiskLocked(FixedRamException failure) implements LoadObstacle {
    @Override
    public String sentence() {
      return failure.sentence()
          + "; a disk of this guest is in use by another QEMU, perhaps by the one that it was"
          + " saved from, which keeps it while it is paused: end that one (QMP 'quit'), or give this"
          + " one another disk";
    }
  }

  /**
   * QEMU has another machine than the saved guest, in ways that it does not load.
   *
   * @param differences all differences, at least one of which prevents loading
   */
  record OtherGuest(String save, List<GuestDifference> differences) implements LoadObstacle {
    /** Copies the list. */
    public OtherGuest {
      differences = List.copyOf(differences);
    }

    @Override
    public String sentence() {
      return save
          + " does not fit this QEMU: "
          + differences.stream().map(GuestDifference::sentence).collect(Collectors.joining("; "));
    }
  }

  /**
   * A disk of the guest has certainly another content than when it was saved.
   *
   * @param drive name of the drive
   * @param file the disk's file or address
   * @param what the difference, a clause
   */
  record DiskChanged(String save, String drive, String file, boolean readOnly, String what)
      implements LoadObstacle {
    @Override
    public String sentence() {
      return "the disk "
          + file
          + " ("
          + drive
          + ") is not as "
          + save
          + " knows it: "
          + what
          + (readOnly
              ? "; the guest would read what does not fit what it remembers"
              : "; a guest with another disk content than it remembers damages its file systems");
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.ACCEPT_CHANGED_DISKS);
    }
  }
}
