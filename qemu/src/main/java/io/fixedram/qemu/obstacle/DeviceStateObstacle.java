// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.QemuVersion;
import java.util.List;

/** Reason why the state of a guest's devices can't be read without a migration. */
public sealed interface DeviceStateObstacle extends MemoryObstacle {
  /** The reason, as a clause whose subject is the guest. */
  String clause();

  @Override
  default String sentence() {
    return "this guest cannot be saved in place: " + clause();
  }

  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** The guest runs. */
  record Running() implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "it runs, and must be stopped for that; stop it first";
    }
  }

  /** This QEMU does not list the devices that can't be saved. */
  record QemuTooOld(QemuVersion qemu) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return qemu
          + " does not tell which of its devices can't be saved, as later ones do; a migration finds"
          + " out";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.USE_STREAM);
    }
  }

  /** A migration capability is on with which more than memory and devices is sent. */
  record LiveCapability(String capability) implements DeviceStateObstacle {
    /** The capability that a save by stream switches off meanwhile; it can't carry the others. */
    private static final String COLO = "x-colo";

    @Override
    public String clause() {
      return "QEMU's migration capability '"
          + capability
          + "' is on, which has more than memory and devices saved; switch it off";
    }

    @Override
    public List<Remedy> remedies() {
      return capability.equals(COLO) ? List.of(Remedy.USE_STREAM) : List.of();
    }
  }

  /**
   * A job of QEMU is active, which may change the disks or the guest.
   *
   * @param job id of the job
   * @param type type of the job in QMP's spelling
   */
  record JobUnderWay(String job, String type) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "job '"
          + job
          + "' ("
          + type
          + ") is under way; wait for its end or cancel it (QMP 'job-cancel')";
    }
  }

  /**
   * A device sends its state in parts, while the guest runs.
   *
   * @param device name of the device in QEMU's object tree
   * @param type type of the device
   */
  record LiveDevice(String device, String type) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "device '" + device + "' (" + type + ") keeps state that only a migration carries";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.USE_STREAM);
    }
  }

  /**
   * The guest's state has changed while the devices were read.
   *
   * @param before state in QMP's spelling
   * @param after state in QMP's spelling
   */
  record StateChanged(String before, String after) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "it went from '"
          + before
          + "' to '"
          + after
          + "' meanwhile, by itself or because another client of QEMU let it";
    }
  }

  /**
   * The devices have more state than a save can hold.
   *
   * @param maxBytes maximum that a save can hold
   */
  record TooLarge(long bytes, long maxBytes) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "its devices have a state of "
          + bytes
          + " bytes, more than "
          + (maxBytes >> 20)
          + " MiB";
    }
  }

  /**
   * A section of the device state must precede the memory in a stream.
   *
   * @param section name of the section
   */
  record NeededBeforeMemory(String section) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "the state of " + section + " must be loaded before its memory";
    }
  }

  /**
   * The sections of the device state can't be told apart.
   *
   * @param failure failure to read them
   */
  record NotReadable(FixedRamException failure) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return failure.sentence();
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.USE_STREAM);
    }
  }

  /**
   * The machine type has no section for the guest's state.
   *
   * @param state state in QMP's spelling
   */
  record StateNotRecorded(String state) implements DeviceStateObstacle {
    @Override
    public String clause() {
      return "this machine type does not say that a guest is in the state '" + state + "'";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.USE_STREAM);
    }
  }
}
