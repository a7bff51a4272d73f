// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.qemu.text.SizeText;
import java.nio.file.Path;
import java.util.List;

/** Reason why a guest can't run while its pages are served (restore mode lazy). */
public sealed interface LazyObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of(Remedy.USE_STREAM);
  }

  /** This QEMU does not support postcopy migration. */
  record NoPostcopy(QemuVersion qemu) implements LazyObstacle {
    @Override
    public String sentence() {
      return qemu + " has no postcopy-ram capability";
    }
  }

  /** The save is a stream or does not support random access. */
  record SequentialSave(String save) implements LazyObstacle {
    @Override
    public String sentence() {
      return save + " is a stream, whose pages have no fixed places";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM);
    }
  }

  /** The save was made under x-ignore-shared, which leaves memory out. */
  record SharedMemoryLeftOut(String save) implements LazyObstacle {
    @Override
    public String sentence() {
      return save + " was saved under x-ignore-shared, without all of its memory";
    }
  }

  /**
   * The guest was saved in a state that a postcopy migration does not preserve.
   *
   * @param state the state in QMP's spelling
   */
  record StateForgotten(String save, String state) implements LazyObstacle {
    @Override
    public String sentence() {
      return save
          + " holds a guest in the state '"
          + state
          + "', and QEMU forgets that of guests whose pages are served";
    }
  }

  /** The device state is longer than QEMU accepts in one package. */
  record LargeDeviceState(String save, long bytes) implements LazyObstacle {
    @Override
    public String sentence() {
      return save
          + " has more device state ("
          + bytes
          + " bytes) than QEMU takes before the memory";
    }
  }

  /**
   * A RAM block has huge pages, in the save or in this QEMU.
   *
   * @param pageBytes bytes of one of its pages
   */
  record HugePages(String block, long pageBytes) implements LazyObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " has pages of "
          + SizeText.words(pageBytes)
          + ", which a fixed-offset file cannot serve one by one: use a memory backend without huge"
          + " pages";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.USE_STREAM);
    }
  }

  /**
   * QEMU has a RAM block that the save does not have, and would wait forever for its pages.
   *
   * @param bytes length of the block
   */
  record BlockNotInSave(String block, long bytes, String save) implements LazyObstacle {
    @Override
    public String sentence() {
      return "QEMU has RAM block "
          + block
          + " ("
          + SizeText.words(bytes)
          + "), which "
          + save
          + " does not hold, and would wait for its pages: start it without the device or memory"
          + " backend that the saved guest did not have";
    }
  }

  /**
   * A memory backend is a file on disk, for which userfaultfd does not report missing pages.
   *
   * @param backend id of the backend
   * @param fileSystem type of the file system in the kernel
   */
  record BackendOnDisk(String backend, Path file, String fileSystem) implements LazyObstacle {
    @Override
    public String sentence() {
      return "the memory backend "
          + backend
          + " is a file on "
          + fileSystem
          + " ("
          + file
          + "), where QEMU can't wait for single pages: use memory-backend-ram or"
          + " memory-backend-memfd, or put the file on tmpfs and share it";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.USE_STREAM);
    }
  }

  /**
   * A memory backend is a private mapping of a file, which QEMU would empty.
   *
   * @param backend id of the backend
   */
  record PrivateFile(String backend, Path file) implements LazyObstacle {
    @Override
    public String sentence() {
      return "the memory backend "
          + backend
          + " is a private mapping of "
          + file
          + ", a file that QEMU would empty before pages can arrive: use memory-backend-ram";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_IN_PLACE, Remedy.USE_STREAM);
    }
  }

  /** A device lets another process or the hardware use guest memory. */
  record SharingDevice(String type) implements LazyObstacle {
    @Override
    public String sentence() {
      return usesMemory("the device " + type);
    }
  }

  /** A network back end lets another process or the hardware use guest memory. */
  record SharingNetwork(String type) implements LazyObstacle {
    @Override
    public String sentence() {
      return usesMemory("a network of " + type);
    }
  }

  private static String usesMemory(String what) {
    return what
        + " has another process or the hardware use guest memory, which must be complete then";
  }

  /**
   * QEMU may not use userfaultfd, or not on its memory.
   *
   * @param answer QEMU's error
   */
  record PostcopyRefused(String answer) implements LazyObstacle {
    @Override
    public String sentence() {
      return "QEMU cannot take pages one by one ("
          + answer
          + "): allow it userfaultfd by 'sysctl vm.unprivileged_userfaultfd=1' or access to"
          + " /dev/userfaultfd, if its own output does not name another reason";
    }
  }
}
