// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.text.SizeText;
import java.nio.file.Path;
import java.util.List;

/**
 * A property of a memory backend in QEMU's command line that prevents a private mapping of a save.
 */
public sealed interface BackendObstacle extends InstantObstacle {
  /** Id of the memory backend. */
  String backend();

  /** The command refers to a memory backend but has no object with that id. */
  record NotDefined(String backend) implements BackendObstacle {
    @Override
    public String sentence() {
      return "the command refers to the memory backend "
          + backend
          + " but has no -object with that id: add one";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /** The backend has a type that can't be replaced. */
  record OtherType(String backend, String type) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend)
          + " is a "
          + type
          + ", which can't be replaced by a mapping of the save: use memory-backend-ram";
    }
  }

  /** The backend shares its memory. */
  record Shared(String backend) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend) + " is shared, but the mapping of a save is private: remove share=on";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
    }
  }

  /** The backend has huge pages. */
  record OnHugePages(String backend) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend)
          + " has huge pages, but a mapping of a file has none: use ordinary pages";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.RESTORE_LAZILY, Remedy.USE_STREAM);
    }
  }

  /** All of the backend's memory is read when QEMU starts. */
  record Preallocated(String backend) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend) + " would read all of the save when QEMU starts: remove prealloc=on";
    }
  }

  /** The backend is read-only. */
  record ReadOnly(String backend) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend) + " is read-only: remove readonly=on";
    }
  }

  /** The backend has an unknown property. */
  record UnknownProperty(String backend, String property) implements BackendObstacle {
    @Override
    public String sentence() {
      return named(backend)
          + " has the property "
          + property
          + ", which is not known to work with a mapping of a save: remove it";
    }
  }

  /**
   * The save has no RAM block of the backend.
   *
   * @param mainMemory blocks of main memory in the save
   */
  record NotInSave(String backend, Path save, List<RamBlock> mainMemory)
      implements BackendObstacle {
    /** Copies the list. */
    public NotInSave {
      mainMemory = List.copyOf(mainMemory);
    }

    @Override
    public String sentence() {
      return save
          + " has no RAM block of the memory backend "
          + backend
          + ", but "
          + BlockNames.of(mainMemory)
          + ": give the backends the same ids as when the guest was saved";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  /**
   * The command gives the backend another size than in the save.
   *
   * @param block the backend's RAM block in the save
   * @param given size in the command; empty if none
   */
  record OtherSize(String backend, Path save, RamBlock block, String given)
      implements BackendObstacle {
    @Override
    public String sentence() {
      return save
          + " holds "
          + SizeText.words(block.usedLength())
          + " of RAM block "
          + block
          + ", but the memory backend "
          + backend
          + " has size="
          + given
          + ": give it size="
          + SizeText.option(block.usedLength());
    }

    @Override
    public List<Remedy> remedies() {
      return List.of();
    }
  }

  private static String named(String backend) {
    return "the memory backend " + backend;
  }
}
