// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import java.util.List;

/**
 * Why the memory of a QEMU is not read or written where it lies (save and restore mode memory).
 * What can be done instead depends on which of both it was for, so that the remedies are those of
 * the {@link ObstacleException}.
 */
public sealed interface MemoryObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** Which process QEMU is can't be told over a connection of this kind. */
  record NotLocal(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "which process QEMU is can't be told over " + qmp + "; give its QMP as a unix socket";
    }
  }

  /** QEMU is in a pid namespace that this process does not see into. */
  record OtherPidNamespace(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind "
          + qmp
          + " is in another pid namespace, such as outside of this container; run this program in"
          + " its namespace or in the host's";
    }
  }

  /**
   * Who listens at the QMP socket is another process: one that stands in between.
   *
   * @param process its id
   * @param why a part of a sentence that begins with it
   */
  record OtherProcess(long process, Endpoint qmp, String why) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "process "
          + process
          + ", which made the socket "
          + qmp
          + ", is not the QEMU that answers there: it "
          + why
          + "; give a QMP socket that QEMU itself listens at";
    }
  }

  /**
   * QEMU runs as another user.
   *
   * @param process its id
   * @param user its effective user's id
   * @param ours that of this process
   */
  record OtherUser(long process, String user, String ours) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": it runs as user "
          + user
          + ", and this program as user "
          + ours
          + "; run this program as root or as that user";
    }
  }

  /**
   * The kernel keeps QEMU's memory from its own user, since it has changed users, or its program
   * may not be read.
   */
  record NotDumpable(long process) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": it has changed its user since it was started, or its program may not be read; run"
          + " this program as root";
    }
  }

  /**
   * Yama lets processes look into their descendants only, or into none.
   *
   * @param scope kernel.yama.ptrace_scope (admin-guide/LSM/Yama)
   */
  record PtraceScope(long process, int scope) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": kernel.yama.ptrace_scope is "
          + scope
          + switch (scope) {
            case 1 -> "; run this program as root or with CAP_SYS_PTRACE, or set it to 0";
            case 2 -> "; run this program as root or with CAP_SYS_PTRACE";
            default -> ", which nobody gets around until the host starts anew";
          };
    }
  }

  /** The kernel says no and not why. */
  record NotPermitted(long process) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": a security module, a filter of system calls or a capability that it has and this"
          + " program lacks is in the way; run this program as root with CAP_SYS_PTRACE";
    }
  }

  /**
   * The kernel says no, and nothing can be found out of the process.
   *
   * @param failure what failed when that was tried
   */
  record NotVisible(long process, String failure) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process) + ", and neither why (" + failure + ")";
    }
  }

  private static String notAllowed(long process) {
    return "the memory of QEMU (process " + process + ") may not be looked at";
  }

  /** QEMU has no CPU, and so no memory of a guest. */
  record NoCpu(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " has no CPU";
    }
  }

  /** QEMU does not list its RAM blocks in a form that is known. */
  record BlocksNotListed(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " does not list its RAM blocks as is understood";
    }
  }

  /**
   * Where a RAM block lies can't be told, or not beyond doubt.
   *
   * @param why a part of a sentence
   */
  record BlockNotLocated(String block, String why) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "where RAM block " + block + " lies in QEMU's memory can't be told: " + why;
    }
  }

  /** The guest sees none of the RAM blocks, which would confirm where they lie. */
  record NoBlockSeen() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "where the RAM blocks lie in QEMU's memory can't be told: the guest sees none of them";
    }
  }

  /**
   * A RAM block lies in memory that is not there, or can't be used as RAM.
   *
   * @param why a part of a sentence
   */
  record BlockNotMapped(String block, String why) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block " + block + " can't be read where it lies in QEMU's memory: " + why;
    }
  }

  /**
   * A RAM block lies in memory that can't be written.
   *
   * @param permissions as the kernel lists them
   */
  record ReadOnlyBlock(String block, String permissions) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " can't be written where it lies in QEMU's memory ("
          + permissions
          + "): its backend is read-only";
    }
  }

  /** The guest was restored, and not all of its memory has come yet. */
  record NotResident(String block) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " has pages that are still to be brought in, since the guest was restored and runs"
          + " before all of its memory is there; wait for the end of that";
    }
  }

  /**
   * The size of the target's pages is not known.
   *
   * @param target as QMP spells it
   */
  record OtherTarget(String target) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the size of target pages is known for x86 only, and this QEMU's target is " + target;
    }
  }

  /** The save to restore was made under x-ignore-shared, which leaves memory out. */
  record SharedMemoryLeftOut(String save) implements MemoryObstacle {
    @Override
    public String sentence() {
      return save + " was saved under x-ignore-shared, without all of its memory";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_BY_STREAM);
    }
  }
}
