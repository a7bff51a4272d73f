// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.text.SizeText;
import java.nio.file.Path;
import java.util.List;

/** A part of QEMU's command line that prevents a mapping of a save as RAM. */
public sealed interface CommandObstacle extends InstantObstacle {

  /** The command has no program with a name of QEMU, so that its options are unknown. */
  record NoQemuProgram() implements CommandObstacle {
    @Override
    public String sentence() {
      return "the command has no program with a name of QEMU's (qemu-system-...), so that its"
          + " options can't be rewritten: write QEMU's own command line";
    }
  }

  /** An option that must be removed or replaced. */
  record OptionInTheWay(Option option) implements CommandObstacle {
    @Override
    public String sentence() {
      return option.sentence;
    }

    @Override
    public List<Remedy> remedies() {
      return switch (option) {
        case MEM_PATH -> List.of(Remedy.RESTORE_IN_PLACE, Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
        case READCONFIG, MEM_PREALLOC, MEM_LOCK, BLOB -> CommandObstacle.super.remedies();
        case NUMA_MEM -> List.of(Remedy.USE_STREAM);
        case MACHINE_MEMORY_SIZE -> List.of();
      };
    }
  }

  /** QEMU options that are not possible with a mapping. */
  enum Option {
    /** {@code -readconfig}. */
    READCONFIG(
        "the command reads options from a file (-readconfig), where they can't be rewritten: write"
            + " them on the command line"),
    /** {@code -mem-path}. */
    MEM_PATH(
        "the command puts RAM into another file (-mem-path) than the save: remove that option"),
    /** {@code -mem-prealloc}. */
    MEM_PREALLOC(
        "QEMU would read all of the save when it starts (-mem-prealloc): remove that option"),
    /** {@code -overcommit mem-lock}. */
    MEM_LOCK(
        "QEMU would read all of the save when it starts (-overcommit mem-lock): remove that option"),
    /** A display device with {@code blob=on}. */
    BLOB(
        "a display with blob=on needs shared memory, but the mapping of a save is private: remove"
            + " blob=on"),
    /** {@code -numa node,mem=}. */
    NUMA_MEM(
        "the command divides main memory by -numa node,mem=: give each node a memory backend, -numa"
            + " node,memdev=ID, as when the guest was saved"),
    /** {@code -machine memory.size=}. */
    MACHINE_MEMORY_SIZE(
        "the command gives the size of RAM by -machine memory.size=: give it by -m");

    private final String sentence;

    Option(String sentence) {
      this.sentence = sentence;
    }
  }

  /** The device {@code loader} writes to memory. */
  record LoaderDevice() implements CommandObstacle {
    @Override
    public String sentence() {
      return "the device loader writes to memory when QEMU starts, which would change what the guest"
          + " has there: remove it";
    }
  }

  /** A device needs shared memory, or changes the size of its memory. */
  record UnsuitedDevice(String type) implements CommandObstacle {
    @Override
    public String sentence() {
      return "the device " + type + " does not work on a private mapping of a file: remove it";
    }
  }

  /** A network back end needs shared memory. */
  record SharingNetwork() implements CommandObstacle {
    @Override
    public String sentence() {
      return "a network of vhost-user or vhost-vdpa needs shared memory, but the mapping of a save is"
          + " private: remove it";
    }
  }

  /**
   * The value of an option can't be parsed.
   *
   * @param value the beginning of the value
   * @param failure the parse error
   */
  record UnreadableValue(String value, FixedRamException failure) implements CommandObstacle {
    @Override
    public String sentence() {
      return "the option value "
          + value
          + " can't be read ("
          + failure.sentence()
          + "): write it as JSON with double quotes, or as key=value";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /** The value of {@code -m} can't be parsed. */
  record UnreadableSize(String value) implements CommandObstacle {
    @Override
    public String sentence() {
      return "'-m " + value + "' is not a size of RAM";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /** The command gives main memory another size than in the save. */
  record OtherSize(Path save, long savedBytes, long givenBytes) implements CommandObstacle {
    @Override
    public String sentence() {
      return save
          + " holds a guest with "
          + SizeText.words(savedBytes)
          + " of RAM, but the command gives "
          + SizeText.words(givenBytes)
          + ": give -m "
          + SizeText.option(savedBytes);
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /**
   * The save has several blocks of main memory, and the command does not tell them apart.
   *
   * @param blocks blocks of main memory in the save
   */
  record AmbiguousMemory(Path save, List<RamBlock> blocks) implements CommandObstacle {
    /** Copies the list. */
    public AmbiguousMemory {
      blocks = List.copyOf(blocks);
    }

    @Override
    public String sentence() {
      return save
          + " holds main memory in "
          + BlockNames.of(blocks)
          + ", which the command does not tell apart: give it the memory backends (-object) that the"
          + " guest was saved with";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }
}
