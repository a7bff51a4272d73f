// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.QemuVersion;
import java.nio.file.Path;
import java.util.List;

/** Reason why QEMU can't load a save itself (restore mode native). */
public sealed interface NativeObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of(Remedy.USE_STREAM);
  }

  /** This QEMU has no loader of mapped-ram files. */
  record TooOld(QemuVersion qemu) implements NativeObstacle {
    @Override
    public String sentence() {
      return qemu + " cannot load mapped-ram files, which requires QEMU 9.0";
    }
  }

  /** The save is not a local file that QEMU could open. */
  record NotLocalFile(String save) implements NativeObstacle {
    @Override
    public String sentence() {
      return save + " is not a whole local file, which QEMU requires";
    }
  }

  /** The save is not a mapped-ram file. */
  record OtherFormat(String save, SaveFormat format) implements NativeObstacle {
    @Override
    public String sentence() {
      return save + " is a " + format.text() + " file and QEMU itself loads only mapped-ram ones";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM);
    }
  }

  /**
   * QEMU would read the save itself, so that its signature proves nothing of what QEMU reads.
   *
   * @param why a clause
   */
  record SignatureNotKept(String save, String why) implements NativeObstacle {
    @Override
    public String sentence() {
      return "the signature of " + save + " would not hold: " + why;
    }
  }

  /** The save was made under x-ignore-shared. */
  record SharedMemoryLeftOut(String save) implements NativeObstacle {
    @Override
    public String sentence() {
      return save
          + " was saved under x-ignore-shared, which QEMU's loader of mapped-ram files does not get"
          + " right";
    }
  }

  /**
   * A memory backend is a file that may have content already.
   *
   * @param backend id of the backend
   */
  record BackendWithContent(String backend, Path file) implements NativeObstacle {
    @Override
    public String sentence() {
      return "the memory backend "
          + backend
          + " is the file "
          + file
          + ", whose content QEMU's loader of mapped-ram files leaves where the guest has zeros";
    }
  }

  /** The device {@code loader} writes to memory at each reset, also while QEMU waits. */
  record LoaderDevice() implements NativeObstacle {
    @Override
    public String sentence() {
      return "the device loader has written to memory, which QEMU's loader of mapped-ram files"
          + " leaves where the guest has zeros";
    }
  }

  /** The save has no zero pages of a block that QEMU fills itself. */
  record ZeroPagesLeftOut(String save, String block) implements NativeObstacle {
    @Override
    public String sentence() {
      return save
          + " lacks zero pages of RAM block "
          + block
          + ", where QEMU may have content of its own that its loader of mapped-ram files leaves";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM);
    }
  }
}
