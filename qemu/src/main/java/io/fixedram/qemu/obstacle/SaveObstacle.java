// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import java.util.List;

/** Reason why a guest can't be saved at present, in any save mode. */
public sealed interface SaveObstacle extends Obstacle {
  /** The reason, as a clause whose subject is the guest. */
  String clause();

  @Override
  default String sentence() {
    return "this guest cannot be saved: " + clause();
  }

  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** QEMU waits for a guest. */
  record NotRestored() implements SaveObstacle {
    @Override
    public String clause() {
      return "it still waits for an incoming migration; restore into it first";
    }
  }

  /** QEMU has sent the guest, and has released its disks. */
  record SavedBefore() implements SaveObstacle {
    @Override
    public String clause() {
      return "it was saved or migrated before and has not run since; let it go on first (QMP"
          + " 'cont'), or end it if it runs elsewhere now";
    }
  }

  /** The guest sleeps (ACPI S3), a state that a migration does not preserve. */
  record Suspended() implements SaveObstacle {
    @Override
    public String clause() {
      return "it sleeps; wake it first (QMP 'system_wakeup')";
    }
  }

  /**
   * QEMU does something that ends by itself.
   *
   * @param state the guest's state in QMP's spelling
   */
  record InTransition(String state) implements SaveObstacle {
    @Override
    public String clause() {
      return "it is in the state '" + state + "'; wait for its end";
    }
  }

  /** QEMU has not created its machine, as with {@code --preconfig}. */
  record NoMachine(String answer) implements SaveObstacle {
    @Override
    public String clause() {
      return "QEMU has not made its machine yet (" + answer + ")";
    }
  }

  /**
   * Another client of QEMU saves or migrates the guest.
   *
   * @param status status of that migration in QMP's spelling
   */
  record MigrationUnderWay(String status) implements SaveObstacle {
    @Override
    public String clause() {
      return "a migration or save is under way (" + status + "); wait for its end";
    }
  }

  /**
   * QEMU has something that can't be migrated.
   *
   * @param reasons QEMU's sentences, at least one
   */
  record Blocked(List<String> reasons) implements SaveObstacle {
    /** Copies the list. */
    public Blocked {
      reasons = List.copyOf(reasons);
    }

    @Override
    public String clause() {
      return "QEMU says: " + String.join("; ", reasons);
    }
  }

  /**
   * A block job writes to a disk, which a migration inactivates at its end.
   *
   * @param job id of the job
   * @param type type of the job in QMP's spelling
   */
  record BlockJob(String job, String type) implements SaveObstacle {
    @Override
    public String clause() {
      return "block job '"
          + job
          + "' ("
          + type
          + ") is under way, and QEMU can abort over it; wait for its end or cancel it (QMP"
          + " 'block-job-cancel')";
    }
  }

  /**
   * A device has state that QEMU sends before the memory, which no save has a place for.
   *
   * @param device name of the device in QEMU's object tree
   * @param type type of the device in QMP's spelling
   */
  record StateBeforeMemory(String device, String type) implements SaveObstacle {
    @Override
    public String clause() {
      return "device '"
          + device
          + "' ("
          + type
          + ") has state that is sent before its memory, which cannot be carried; unplug it, or use"
          + " a machine type before 8.1";
    }
  }
}
