// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import java.util.List;

/**
 * Reason why the memory of a QEMU must not be written: it does not wait for a guest, or for another
 * one.
 */
public sealed interface WaitingObstacle extends MemoryObstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** QEMU does not wait for a guest (any longer). */
  sealed interface Busy extends WaitingObstacle {
    /** The reason, as a clause whose subject is QEMU. */
    String clause();

    @Override
    default String sentence() {
      return "the memory of QEMU can't be written: " + clause();
    }
  }

  /**
   * QEMU has a guest.
   *
   * @param state the guest's state in QMP's spelling
   */
  record NotWaiting(String state) implements Busy {
    @Override
    public String clause() {
      return "it does not wait for a guest (it is '" + state + "')";
    }
  }

  /**
   * QEMU loads a guest.
   *
   * @param status status of that migration in QMP's spelling
   */
  record LoadBegun(String status) implements Busy {
    @Override
    public String clause() {
      return "it loads a guest, or has tried to (" + status + ")";
    }
  }

  /** QEMU stopped waiting while its memory was written. */
  record ChangedMeanwhile(Busy now) implements WaitingObstacle {
    @Override
    public String sentence() {
      return "QEMU changed while its memory was written: " + now.clause() + "; it is told to end";
    }
  }

  /** QEMU has a RAM block that the saved guest does not have. */
  record BlockNotInSave(String block) implements WaitingObstacle {
    @Override
    public String sentence() {
      return "this QEMU has RAM block "
          + block
          + ", which the saved guest does not have: start it with the memory and devices of that"
          + " guest";
    }
  }

  /**
   * QEMU does not have a RAM block of the saved guest.
   *
   * @param savedBytes length of the block in the save
   */
  record BlockMissing(String block, long savedBytes) implements WaitingObstacle {
    @Override
    public String sentence() {
      return saved(block, savedBytes)
          + "which this QEMU does not have: start it with the memory and devices of that guest";
    }
  }

  /**
   * A RAM block has another length in QEMU, and can't be resized.
   *
   * @param savedBytes length of the block in the save
   * @param foundBytes length of the block in QEMU
   */
  record OtherLength(String block, long savedBytes, long foundBytes) implements WaitingObstacle {
    @Override
    public String sentence() {
      return saved(block, savedBytes)
          + "of which this QEMU has "
          + foundBytes
          + ": start it with the memory and devices of that guest";
    }
  }

  private static String saved(String block, long bytes) {
    return "the saved guest has " + bytes + " bytes of RAM block " + block + ", ";
  }
}
