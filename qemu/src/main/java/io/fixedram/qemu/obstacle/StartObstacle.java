// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import java.util.List;
import java.util.UUID;

/** Reason why a restore can't start QEMU with the given command, in any restore mode. */
public sealed interface StartObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** The command is empty. */
  record NoCommand() implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command to restore into has no words";
    }
  }

  /**
   * The command has an option that the restore adds.
   *
   * @param word the option as it was given
   */
  record IncomingGiven(String word) implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command has " + word + " already: remove it, since the restore adds its own";
    }
  }

  /**
   * QEMU would continue in another process than the one that is started.
   *
   * @param word the option as it was given
   */
  record Daemonizes(String word) implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command has "
          + word
          + ", with which QEMU continues in a process that the restore does not know: remove it";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.DETACH_QEMU);
    }
  }

  /**
   * The VM generation id can't be put into the command, which has no program with a name of QEMU.
   *
   * @param id the VM generation id
   */
  record GenerationIdNotPlaced(UUID id) implements StartObstacle {
    @Override
    public String sentence() {
      return "the VM generation id can't be set: the command has no program with a name of QEMU's"
          + " (qemu-system-...); give the command -device vmgenid,guid="
          + id
          + " where it starts QEMU";
    }
  }

  /** The saved guest has no device for a VM generation id. */
  record NoGenerationIdDevice(String save) implements StartObstacle {
    @Override
    public String sentence() {
      return "the VM generation id can't be set: the guest in "
          + save
          + " has no vmgenid device; save one that was started with -device vmgenid";
    }
  }

  /** The save does not contain the command that it was saved from. */
  record CommandUnknown(String save) implements StartObstacle {
    @Override
    public String sentence() {
      return save + " does not contain the QEMU command of its guest: give one";
    }
  }

  /**
   * The command in a save must not be run, since others may have written it.
   *
   * @param why the reason, a clause
   */
  record CommandNotTrusted(String save, String why) implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command in " + save + " is not run, since " + why + ": check it and give it";
    }
  }

  /**
   * The command in a save can't be run again as it is.
   *
   * @param why the reason, a clause
   */
  record CommandNotRepeatable(String save, String why) implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command in " + save + " can't be run again: " + why;
    }
  }

  /**
   * A command can't be checked, since its QEMU would not start beside the one of its guest, or
   * without what a check leaves out.
   *
   * @param option the option with its value
   * @param why the reason, a clause
   */
  record NotStartedForACheck(String option, String why) implements StartObstacle {
    @Override
    public String sentence() {
      return "the QEMU command can't be checked with '"
          + option
          + "', since "
          + why
          + ": check it without that option and what refers to it, or restore, which compares too";
    }
  }
}
