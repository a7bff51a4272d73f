// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.qemu.text.SizeText;
import java.util.Collections;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Difference between the guest of a save and the QEMU that is to load it. More kinds may be added,
 * so a {@code switch} needs a {@code default}.
 */
public sealed interface GuestDifference {
  /** Effect of a difference. */
  enum Effect {
    /** QEMU can't load the save. */
    NOT_LOADABLE,
    /** QEMU loads the save, but the guest may fail, since it lacks something that it had. */
    GUEST_MAY_FAIL,
    /** The guest has hardware that it does not know of until it rescans or reboots. */
    GUEST_MAY_NOTICE
  }

  /** The effect. */
  Effect effect();

  /** A sentence for users: what differs, and what to change in the QEMU command. */
  String sentence();

  /** The machine type differs. */
  record OtherMachine(String saved, String found) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.NOT_LOADABLE;
    }

    @Override
    public String sentence() {
      return "the machine type is "
          + found
          + ", and the saved guest's was "
          + saved
          + ": use -machine "
          + saved;
    }
  }

  /** A property of the machine differs. */
  record OtherProperty(String name, String saved, String found) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "the machine's "
          + name
          + " is "
          + found
          + ", and the saved guest's was "
          + saved
          + ": use -machine "
          + name
          + "="
          + option(saved);
    }

    /** QEMU prints a bool as true or false, and takes on or off. */
    private static String option(String value) {
      return switch (value) {
        case "true" -> "on";
        case "false" -> "off";
        default -> value;
      };
    }
  }

  /** One QEMU has KVM and the other one has not. */
  record OtherAccelerator(String saved, String found) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "the accelerator is "
          + found
          + ", and the saved guest's was "
          + saved
          + ": use -accel "
          + saved;
    }
  }

  /** The CPU model differs. */
  record OtherCpuModel(String saved, String found) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "the CPU model is "
          + name(found)
          + ", and the saved guest's was "
          + name(saved)
          + ": use -cpu "
          + name(saved);
    }

    /** A model's name without the suffix of its type, such as {@code -x86_64-cpu}. */
    private static String name(String type) {
      return type.replaceFirst("-(?:[a-z0-9_]+-)?cpu$", "");
    }
  }

  /**
   * CPU features that the guest has seen are not there.
   *
   * @param features CPUID word and bit of each, such as {@code 0x1.0.ecx[20]}
   */
  record CpuFeaturesMissing(NavigableSet<String> features) implements GuestDifference {
    /** Copies the set. */
    public CpuFeaturesMissing {
      features = Collections.unmodifiableNavigableSet(new TreeSet<>(features));
    }

    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "the CPU lacks features that the saved guest had (CPUID "
          + String.join(", ", features)
          + "): use the CPU model and features of the saved guest";
    }
  }

  /** The number of CPUs differs. */
  record OtherCpuCount(int saved, int found) implements GuestDifference {
    @Override
    public Effect effect() {
      return found < saved ? Effect.NOT_LOADABLE : Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "the number of CPUs is "
          + found
          + ", and the saved guest's was "
          + saved
          + ": use -smp "
          + saved;
    }
  }

  /** A RAM block of the saved guest is not there. */
  record BlockMissing(String block, long bytes) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.NOT_LOADABLE;
    }

    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " of the saved guest ("
          + SizeText.words(bytes)
          + ") is missing: use its memory backends and devices, under the same names";
    }
  }

  /** A RAM block is there that the saved guest did not have. */
  record BlockAdded(String block, long bytes) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_NOTICE;
    }

    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " ("
          + SizeText.words(bytes)
          + ") was not part of the saved guest: remove its memory backend or device";
    }
  }

  /** Main memory is at other guest-physical addresses. */
  record OtherMemoryMap(String block) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " is at other guest-physical addresses than in the saved guest: use its -machine"
          + " properties (max-ram-below-4g), -m and -device options";
    }
  }

  /** A device of the saved guest is not there. QEMU can't load the save if it has a state. */
  record DeviceMissing(String type, String name) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_FAIL;
    }

    @Override
    public String sentence() {
      return "device " + type + " (" + name + ") of the saved guest is missing: add it";
    }
  }

  /** A device is there that the saved guest did not have. */
  record DeviceAdded(String type, String name) implements GuestDifference {
    @Override
    public Effect effect() {
      return Effect.GUEST_MAY_NOTICE;
    }

    @Override
    public String sentence() {
      return "device "
          + type
          + " ("
          + name
          + ") was not part of the saved guest: remove it, and attach it when the guest runs";
    }
  }

  /**
   * A PCI function.
   *
   * @param id vendor and device in hexadecimal, such as {@code 1af4:1005}
   * @param description class of the device in QEMU's words; may be empty
   */
  record PciFunction(String id, String description) {
    @Override
    public String toString() {
      return description.isEmpty() ? id : description + " " + id;
    }
  }

  /**
   * A PCI address on the first bus has another device, or none, or one where there was none.
   *
   * @param address slot and function
   * @param saved what the saved guest had there
   * @param found what QEMU has there
   */
  record OtherPciFunction(String address, Optional<PciFunction> saved, Optional<PciFunction> found)
      implements GuestDifference {
    @Override
    public Effect effect() {
      return saved.isEmpty() ? Effect.GUEST_MAY_NOTICE : Effect.NOT_LOADABLE;
    }

    @Override
    public String sentence() {
      return "PCI address "
          + address
          + " has "
          + words(found)
          + ", and the saved guest had "
          + words(saved)
          + ": use the devices of the saved guest, at the same addresses (addr=)";
    }

    private static String words(Optional<PciFunction> function) {
      return function.map(PciFunction::toString).orElse("no device");
    }
  }
}
